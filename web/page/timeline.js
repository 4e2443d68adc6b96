// SPDX-License-Identifier: Apache-2.0
// timeline: cores over time, groups upon each other. A range of it can be selected, with the mouse, a finger or the
// arrow keys. Where nothing was recorded there is a gap; what is known for longer times alone is hatched.

import { find, make, makeName, makeSvg } from './dom.js';
import { NS_PER_MS, formatCores, formatCount, formatSpan, formatTime, plural, valueText } from './format.js';
import { groupId, tonesOf } from './palette.js';
import { formatTick, timeTicks, valueTicks } from './scale.js';

const MARGIN = { left: 48, right: 20, top: 8, bottom: 20 }; // pixels
const TICK_WIDTH = 84;
const MIN_DRAG = 5;
const HOUR_MS = 3600e3;
const HOURLY_MS = 6 * HOUR_MS; // of so much, hours are selected: each is one file, where minutes are sixty
const COARSE = 1.5; // steps: windows are a little longer than they were meant to be
const MINUTE_MS = 60e3;
const REST = 'tone-rest';
const HATCH = 'hatch'; // the id of a pattern
const LIMITS = {
  groups: 'stacks had no room in a group', rows: 'groups had no room', frames: 'frames had no room',
  expressions: 'values took an expression too long', windows: 'windows do not say how long they were',
};

function makeHatch() {
  return makeSvg('pattern', { id: HATCH, width: 6, height: 6, patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)' }, makeSvg('line', { class: 'hatch', y2: 6 }));
}

// What stands upon what: rows of { name, tone, cores }, the lowest first.
function layersOf(answer, tones) {
  const layers = answer.groups.map((group) => ({
    name: group.name.map(valueText).join(', '), tone: tones.get(groupId(group.name)), cores: group.cores,
  }));
  if (answer.rest.some((cores) => cores > 0))
    layers.push({ name: '(others)', tone: REST, cores: answer.rest });
  return layers;
}

export class Timeline {
  // on: { select(fromMs, toMs) }.
  constructor(on) {
    this.on = on;
    this.root = find('timeline');
    this.plot = makeSvg('svg', { class: 'plot', tabindex: 0, role: 'img' });
    this.tip = make('div', { class: 'tip', hidden: true });
    this.legend = make('ul', { class: 'legend', 'aria-label': 'groups' });
    this.note = make('p', { class: 'soft note' });
    this.frame = make('div', { class: 'frame' }, this.plot, this.tip);
    this.root.append(this.frame, this.legend, this.note);
    this.tones = new Map();
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  listen() {
    const { plot } = this;
    plot.addEventListener('pointerdown', (event) => this.onDown(event));
    plot.addEventListener('pointermove', (event) => this.onMove(event));
    plot.addEventListener('pointerup', (event) => this.onUp(event));
    plot.addEventListener('pointercancel', () => this.cancel());
    plot.addEventListener('pointerleave', () => this.anchor === null && this.point(null));
    plot.addEventListener('blur', () => this.cancel());
    plot.addEventListener('keydown', (event) => this.onKey(event));
  }

  // marks: [{ name, fromMs, toMs }] of what else is selected.
  show(answer, marks, noun) {
    this.answer = answer;
    this.marks = marks;
    this.noun = noun;
    this.startMs = answer.start_ns / NS_PER_MS;
    this.stepMs = answer.step_ns / NS_PER_MS;
    this.endMs = this.startMs + answer.n_steps * this.stepMs;
    this.tones = tonesOf(answer.groups.map((group) => groupId(group.name)));
    this.layers = layersOf(answer, this.tones);
    this.cancel();
    this.draw();
    this.showLegend();
  }

  get isEmpty() {
    return !this.answer || this.answer.n_steps === 0 || this.answer.all.every((cores) => cores === null);
  }

  showLegend() {
    this.legend.replaceChildren(...this.isEmpty ? [] : this.layers.map(({ name, tone }) =>
      make('li', {}, make('i', { class: tone }), makeName(name))));
    this.note.textContent = this.isEmpty ? '' : this.describe();
  }

  describe() {
    const { answer, stepMs } = this, coarsest = Math.max(...answer.coarsest_ns) / NS_PER_MS;
    const parts = [`${this.noun}, cores in steps of ${formatSpan(stepMs)}, UTC`];
    if (coarsest > COARSE * stepMs)
      parts.push(`hatched: of windows of up to ${formatSpan(coarsest)}, which are spread evenly`);
    if (coarsest > COARSE * Math.max(stepMs, MINUTE_MS) && this.endMs - this.startMs > HOUR_MS)
      parts.push('an hour that is selected is shown by its minutes, as long as they are kept');
    for (const [name, n] of Object.entries(answer.beyond_limits))
      if (n > 0)
        parts.push(`${formatCount(n)} ${LIMITS[name] || name}`);
    return parts.join('; ');
  }

  draw() {
    if (!this.answer)
      return;
    this.root.classList.toggle('empty', this.isEmpty);
    const { clientWidth: width, clientHeight: height } = this.frame;
    this.width = width - MARGIN.left - MARGIN.right;
    this.height = height - MARGIN.top - MARGIN.bottom;
    this.plot.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.plot.setAttribute('aria-label', this.summary());
    if (this.isEmpty || this.width <= 0)
      return this.plot.replaceChildren();
    const ticks = valueTicks(Math.max(...this.answer.all));
    this.maxValue = ticks[ticks.length - 1];
    this.brush = makeSvg('rect', { class: 'brush', y: MARGIN.top, height: this.height, width: 0 });
    this.cursor = makeSvg('line', { class: 'cursor', y1: MARGIN.top, y2: MARGIN.top + this.height,
      visibility: 'hidden' });
    return this.plot.replaceChildren(makeHatch(), ...this.drawAxes(ticks), ...this.drawLayers(), ...this.drawCoarse(),
      ...this.drawMarks(), this.brush, this.cursor);
  }

  summary() {
    if (this.isEmpty)
      return 'cores over time: nothing was recorded';
    const known = this.answer.all.filter((cores) => cores !== null);
    return `cores over time, ${formatTime(this.startMs)} to ${formatTime(this.endMs)}: at most ${
      formatCores(Math.max(...known))}. Arrow keys go through it, with Shift they select, Enter shows what is selected`;
  }

  x(ms) {
    return MARGIN.left + this.width * (ms - this.startMs) / (this.endMs - this.startMs);
  }

  y(value) {
    return MARGIN.top + this.height * (1 - value / this.maxValue);
  }

  drawAxes(ticks) {
    const right = MARGIN.left + this.width, bottom = MARGIN.top + this.height;
    const values = ticks.flatMap((value) => [
      makeSvg('line', { class: 'grid', x1: MARGIN.left, x2: right, y1: this.y(value), y2: this.y(value) }),
      makeSvg('text', { class: 'tick', x: MARGIN.left - 6, y: this.y(value) + 4, 'text-anchor': 'end' },
        formatTick(value, ticks)),
    ]);
    const times = timeTicks(this.startMs, this.endMs, this.width / TICK_WIDTH).flatMap(({ ms, text }) => [
      makeSvg('line', { class: 'grid', x1: this.x(ms), x2: this.x(ms), y1: bottom, y2: bottom + 4 }),
      makeSvg('text', { class: 'tick', x: this.x(ms), y: bottom + 16, 'text-anchor': 'middle' }, text),
    ]);
    return [...values, ...times];
  }

  drawLayers() {
    const bottoms = new Float64Array(this.answer.n_steps);
    return this.layers.map(({ cores, tone }) => {
      const tops = bottoms.map((bottom, i) => bottom + (cores[i] || 0));
      const path = makeSvg('path', { class: tone, d: this.outline(bottoms, tops) });
      bottoms.set(tops);
      return path;
    });
  }

  // Of each stretch that was recorded: along its tops, and back along what it stands on.
  outline(bottoms, tops) {
    const { all } = this.answer, parts = [];
    const edge = (i) => this.x(this.startMs + i * this.stepMs).toFixed(1);
    for (let first = 0, end; first < all.length; first = end + 1) {
      for (end = first; end < all.length && all[end] !== null; end++);
      if (end === first)
        continue;
      const steps = Array.from({ length: end - first }, (_, i) => first + i);
      parts.push(`M${edge(first)} ${this.y(bottoms[first]).toFixed(1)}`,
        ...steps.map((i) => `V${this.y(tops[i]).toFixed(1)}H${edge(i + 1)}`),
        ...steps.reverse().map((i) => `V${this.y(bottoms[i]).toFixed(1)}H${edge(i)}`), 'Z');
    }
    return parts.join('');
  }

  isCoarse(step) {
    return this.answer.coarsest_ns[step] / NS_PER_MS > COARSE * this.stepMs;
  }

  // Stretches whose steps are not known one by one.
  drawCoarse() {
    const { n_steps: n } = this.answer, stretches = [];
    for (let first = 0, end; first < n; first = end + 1) {
      for (end = first; end < n && this.isCoarse(end); end++);
      if (end === first)
        continue;
      const from = this.x(this.startMs + first * this.stepMs), to = this.x(this.startMs + end * this.stepMs);
      stretches.push(makeSvg('rect', { class: 'coarse', x: from, width: to - from, y: MARGIN.top, height: this.height,
        fill: `url(#${HATCH})` }));
    }
    return stretches;
  }

  drawMarks() {
    return this.marks.flatMap(({ name, fromMs, toMs }) => {
      const from = this.x(Math.max(fromMs, this.startMs)), to = this.x(Math.min(toMs, this.endMs));
      return to <= from ? [] : [
        makeSvg('rect', { class: `mark ${name}`, x: from, width: to - from, y: MARGIN.top, height: this.height }),
        makeSvg('text', { class: 'mark-name', x: from + 4, y: MARGIN.top + 12 }, name),
      ];
    });
  }

  stepAt(event) {
    const box = this.plot.getBoundingClientRect();
    const step = Math.floor((event.clientX - box.left - MARGIN.left) / this.width * this.answer.n_steps);
    return Math.max(0, Math.min(this.answer.n_steps - 1, step));
  }

  onDown(event) {
    if (this.isEmpty || event.button !== 0)
      return;
    this.plot.setPointerCapture(event.pointerId);
    this.anchor = this.stepAt(event);
    this.downX = event.clientX;
  }

  onMove(event) {
    if (!this.isEmpty)
      this.point(this.stepAt(event));
  }

  onUp(event) {
    const isDrag = this.anchor !== null && Math.abs(event.clientX - this.downX) >= MIN_DRAG;
    if (isDrag)
      this.select();
    this.cancel();
  }

  onKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape' && this.at !== null)
      this.cancel();
    else if (event.key === 'Enter' && this.anchor !== null)
      this.select();
    else if (step && !this.isEmpty)
      this.stepBy(step, event.shiftKey);
    else
      return;
    event.preventDefault();
    event.stopPropagation();
  }

  stepBy(step, isSelecting) {
    const last = this.answer.n_steps - 1, at = this.at === null ? last : this.at;
    if (isSelecting && this.anchor === null)
      this.anchor = at;
    if (!isSelecting)
      this.anchor = null;
    this.point(Math.max(0, Math.min(last, at + step)));
    find('status').textContent = this.tip.textContent;
  }

  select() {
    const first = Math.min(this.anchor, this.at), last = Math.max(this.anchor, this.at);
    this.on.select(...this.timesOf(first, last + 1));
  }

  // Of a selection: when it begins and ends.
  timesOf(from, to) {
    const fromMs = this.startMs + from * this.stepMs, toMs = this.startMs + to * this.stepMs;
    if (this.endMs - this.startMs < HOURLY_MS)
      return [fromMs, toMs];
    return [Math.floor(fromMs / HOUR_MS) * HOUR_MS, Math.ceil(toMs / HOUR_MS) * HOUR_MS];
  }

  cancel() {
    this.anchor = null;
    this.point(null);
  }

  // Shows what is at a step, and what is selected up to it.
  point(step) {
    this.at = step;
    this.tip.hidden = step === null || this.isEmpty;
    if (this.isEmpty || !this.cursor)
      return;
    this.cursor.setAttribute('visibility', step === null ? 'hidden' : 'visible');
    const isSelecting = this.anchor !== null && step !== null;
    const from = isSelecting ? Math.min(this.anchor, step) : 0, to = isSelecting ? Math.max(this.anchor, step) + 1 : 0;
    const [fromMs, toMs] = isSelecting ? this.timesOf(from, to) : [this.startMs, this.startMs];
    const left = this.x(Math.max(this.startMs, fromMs)), right = this.x(Math.min(this.endMs, toMs));
    this.brush.setAttribute('x', left);
    this.brush.setAttribute('width', right - left);
    if (step !== null)
      this.showTip(step, from, to);
  }

  showTip(step, from, to) {
    const { answer } = this, x = this.x(this.startMs + (step + 0.5) * this.stepMs);
    const [fromMs, toMs] = to > from ? this.timesOf(from, to)
      : [this.startMs + step * this.stepMs, this.startMs + (step + 1) * this.stepMs];
    const isRecorded = answer.all[step] !== null;
    this.cursor.setAttribute('x1', x);
    this.cursor.setAttribute('x2', x);
    const rows = this.layers.filter(({ cores }) => cores[step] > 0).reverse().map(({ name, tone, cores }) =>
      make('li', {}, make('i', { class: tone }), makeName(name), make('b', {}, ` ${formatCores(cores[step])}`)));
    this.tip.replaceChildren(
      make('p', {}, `${formatTime(fromMs)}, ${formatSpan(toMs - fromMs)}${this.isCoarse(step)
        ? ` of ${formatSpan(answer.coarsest_ns[step] / NS_PER_MS)}, spread evenly` : ''} `),
      make('p', {}, isRecorded ? `${formatCores(answer.all[step])} cores of ${plural(answer.n_hosts[step], 'host')} `
        : 'nothing was recorded '),
      make('ul', {}, ...rows));
    const isLeft = x > this.frame.clientWidth / 2;
    this.tip.style.left = isLeft ? '' : `${x + 12}px`;
    this.tip.style.right = isLeft ? `${this.frame.clientWidth - x + 12}px` : '';
  }
}
