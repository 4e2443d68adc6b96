// SPDX-License-Identifier: Apache-2.0
// pane: a tree drawn on a canvas that scrolls: what can be seen is painted pixel by pixel, so that a picture costs as
// much as it has pixels, however many nodes there are. Frames narrower than MIN_WIDTH are painted as one and counted.

import { MATCHED, textColor } from './colors.js';
import { Gestures } from './gestures.js';
import { INLINED, ROOT } from './tree.js';

const ROW_HEIGHT = 18; // CSS pixels
export const MIN_WIDTH = 0.1;
const MIN_TEXT_WIDTH = 24;
const TEXT_MARGIN = 4;
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
const HATCH_PIXELS = 6; // from line to line over what is inlined
const MAX_ZOOM_IN = 1e-7; // of the whole

// Keeps both ends of what is too long. charWidth is that of ASCII.
function fitText(text, width, charWidth) {
  const room = Math.floor(width / charWidth);
  if (text.length <= room)
    return text;
  if (room < 3)
    return '';
  const head = Math.floor((room - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (room - 1 - head))}`;
}

export class Pane {
  // on: { marked(), zoom(node), moved(), drawn() }: what happens to it.
  constructor(scroller, on) {
    this.scroller = scroller;
    this.on = on;
    this.space = scroller.querySelector('.space');
    this.canvas = scroller.querySelector('canvas');
    this.context = this.canvas.getContext('2d', { alpha: false });
    /* All that it will ever have, numbers that are not whole as such: painting is compiled for these, and again when
       there is one more or of another kind. */
    this.model = this.tree = this.colors = this.search = null;
    this.isFlipped = false; // roots at the bottom
    this.zoomed = ROOT;
    this.from = this.to = NaN; // what of it can be seen, in the unit of the values
    this.nRows = 0;
    this.marked = -1; // what the pointer was on last, or keys went to
    this.isWaiting = false; // for a frame of the screen
    this.ratio = 1; // device pixels in one of CSS
    this.image = this.pixels = null;
    this.charWidth = NaN; // of ASCII, in CSS pixels; not known yet
    this.nSmall = 0;
    this.hatched = [];
    scroller.addEventListener('scroll', () => this.redraw());
    this.gestures = new Gestures(this);
  }

  show(model, tree, colors) {
    this.model = model;
    this.colors = colors;
    if (this.tree !== tree) {
      this.tree = tree;
      this.marked = -1;
      this.zoomTo(ROOT);
    }
    this.redraw();
  }

  // Nothing is drawn any more, what was about to be as well.
  stop() {
    this.tree = null;
  }

  zoomTo(node) {
    this.zoomed = node;
    this.from = this.tree.start[node];
    this.to = this.from + this.tree.weight[node];
    this.measureRows();
    this.scroller.scrollTop = this.isFlipped ? this.scroller.scrollHeight : 0;
    this.redraw();
  }

  // Part of what is zoomed to, in the unit of the values.
  setRange(from, to) {
    const start = this.tree.start[this.zoomed], end = start + this.tree.weight[this.zoomed];
    const size = Math.min(Math.max(to - from, this.tree.weight[ROOT] * MAX_ZOOM_IN), end - start);
    this.from = Math.min(Math.max(from, start), end - size);
    this.to = this.from + size;
    this.redraw();
  }

  // The value at an x of the canvas, in CSS pixels.
  valueAt(x) {
    return this.from + (this.to - this.from) * x / this.canvas.clientWidth;
  }

  moveBy(pixels) {
    const moved = this.valueAt(pixels) - this.from;
    this.setRange(this.from + moved, this.to + moved);
  }

  zoomBy(factor, x) {
    const at = this.valueAt(x);
    this.setRange(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  flip(isFlipped) {
    this.isFlipped = isFlipped;
    this.scroller.scrollTop = isFlipped ? this.scroller.scrollHeight : 0;
    this.redraw();
  }

  measureRows() {
    this.nRows = this.tree.deepest[this.zoomed] + 1;
    this.space.style.height = `${this.nRows * ROW_HEIGHT}px`;
  }

  redraw() {
    if (this.tree && !this.isWaiting) {
      this.isWaiting = true;
      requestAnimationFrame(() => {
        this.isWaiting = false;
        if (this.tree)
          this.draw();
      });
    }
  }

  // Width and height of what can be seen, in device pixels.
  get sizes() {
    const { clientWidth, clientHeight } = this.scroller;
    return [clientWidth, clientHeight].map((size) => Math.max(1, Math.round(size * window.devicePixelRatio)));
  }

  // Whether there is a picture, and of these sizes.
  get isFitting() {
    const [width, height] = this.sizes, { image, ratio } = this;
    return image !== null && image.width === width && image.height === height && ratio === window.devicePixelRatio;
  }

  resize() {
    const [width, height] = this.sizes;
    if (this.isFitting)
      return;
    this.ratio = window.devicePixelRatio;
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.style.width = `${this.scroller.clientWidth}px`;
    this.canvas.style.height = `${this.scroller.clientHeight}px`;
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  // The depth whose row is at this height of the canvas, in CSS pixels.
  depthAt(y) {
    const row = Math.floor((y + this.scroller.scrollTop) / ROW_HEIGHT);
    return this.isFlipped ? Math.ceil(this.flippedHeight() / ROW_HEIGHT) - 1 - row : row;
  }

  flippedHeight() {
    return Math.max(this.nRows, Math.floor(this.scroller.clientHeight / ROW_HEIGHT)) * ROW_HEIGHT;
  }

  // Where the row of a depth begins on the canvas, in CSS pixels.
  topOf(depth) {
    const y = this.isFlipped ? this.flippedHeight() - (depth + 1) * ROW_HEIGHT : depth * ROW_HEIGHT;
    return y - this.scroller.scrollTop;
  }

  visibleDepths() {
    const one = this.depthAt(0), other = this.depthAt(this.scroller.clientHeight - 1);
    return [Math.max(0, Math.min(one, other)), Math.max(0, Math.max(one, other))];
  }

  xOf(value) {
    const width = this.canvas.width;
    return this.to > this.from ? (value - this.from) / (this.to - this.from) * width : value > this.from ? width : 0;
  }

  // From left to right, in device pixels; what is zoomed to and its ancestors are as wide as the canvas.
  edges(node) {
    const { tree } = this;
    if (this.isAround(node))
      return [0, this.canvas.width];
    return [Math.max(0, this.xOf(tree.start[node])),
      Math.min(this.canvas.width, this.xOf(tree.start[node] + tree.weight[node]))];
  }

  isAround(node) {
    return node <= this.zoomed && this.tree.end[node] >= this.tree.end[this.zoomed];
  }

  draw() {
    const began = performance.now();
    this.resize();
    const [first, last] = this.visibleDepths();
    const lines = new Uint32Array((last - first + 1) * this.canvas.width).fill(this.colors.background);
    const labels = this.paint(lines, first, last);
    this.expand(lines, first, last);
    this.hatch();
    this.context.putImageData(this.image, 0, 0);
    this.drawLabels(labels);
    this.outline(this.marked);
    performance.clearMeasures('cpuhound-draw');
    performance.measure('cpuhound-draw', { start: began, end: performance.now() });
    this.on.drawn();
  }

  // A line of pixels for each row that can be seen. Gives the frames that are wide enough for a name: what is zoomed to
  // and those around it are as wide as the canvas. It looks at tens of thousands of nodes, for which edges() would be
  // too slow.
  paint(lines, first, last) {
    const { tree, tree: { depth, start, weight, end }, from, zoomed, canvas: { width } } = this;
    const scale = this.to > from ? width / (this.to - from) : 0, least = MIN_WIDTH * this.ratio;
    const labels = tree.path(zoomed).filter((node) => depth[node] >= first && depth[node] <= last);
    this.nSmall = 0;
    this.hatched = [];
    for (const node of labels)
      this.paintFrame(lines, (depth[node] - first) * width, node, 0, width, false);
    for (let i = zoomed + 1; i < end[zoomed];) {
      const x0 = Math.max(0, (start[i] - from) * scale);
      const x1 = Math.min(width, (start[i] + weight[i] - from) * scale);
      if (depth[i] > last || x1 <= 0 || x0 >= width) {
        i = end[i];
        continue;
      }
      const isSmall = x1 - x0 < least;
      if (depth[i] >= first)
        this.paintFrame(lines, (depth[i] - first) * width, i, x0, x1, isSmall);
      if (depth[i] >= first && x1 - x0 >= MIN_TEXT_WIDTH * this.ratio)
        labels.push(i);
      if (isSmall)
        this.nSmall += end[i] - i;
      i = isSmall ? end[i] : i + 1;
    }
    return labels;
  }

  // Of a node, or of all those before `end` that are painted as one.
  colorOf(node, end) {
    const { tree, search, colors } = this;
    const isFound = search ? search.isAnyOf(tree, node, end) : null;
    if (isFound || end === node + 1)
      return colors.of(tree, node, isFound);
    return search ? colors.paled(colors.small) : colors.small;
  }

  paintFrame(lines, offset, node, x0, x1, isSmall) {
    const left = offset + Math.min(Math.floor(x0), this.canvas.width - 1);
    const right = offset + Math.max(Math.floor(x1), Math.floor(x0) + 1);
    /* A frame that begins in a pixel which is another's already leaves it alone, unless it is one that is found. */
    const isTaken = right - left === 1 && lines[left] !== this.colors.background;
    if (isTaken && !this.search)
      return;
    const color = this.colorOf(node, isSmall ? this.tree.end[node] : node + 1);
    if (isTaken && color !== MATCHED)
      return;
    const end = right - left > 3 * this.ratio ? right - 1 : right;
    lines.fill(color, left, end);
    if (this.tree.ways[node] === INLINED && !isSmall && right - left > HATCH_PIXELS * this.ratio)
      this.hatched.push({ depth: this.tree.depth[node], left: left - offset, right: end - offset, color });
  }

  // Lines to rows, with a pixel between them.
  expand(lines, first, last) {
    const { canvas: { width }, pixels, colors } = this;
    pixels.fill(colors.background);
    for (let depth = first; depth <= last; depth++) {
      const [top, bottom] = this.pixelRows(depth);
      const line = lines.subarray((depth - first) * width, (depth - first + 1) * width);
      for (let y = top; y < bottom; y++)
        pixels.set(line, y * width);
    }
  }

  // Where the row of a depth begins and ends, in pixels of the image.
  pixelRows(depth) {
    const top = Math.round(this.topOf(depth) * this.ratio);
    const bottom = Math.round((this.topOf(depth) + ROW_HEIGHT) * this.ratio) - 1;
    return [Math.max(0, top), Math.min(bottom, this.canvas.height)];
  }

  // Lines from the upper right to the lower left over what is inlined.
  hatch() {
    const { canvas: { width }, pixels, colors } = this;
    const step = Math.round(HATCH_PIXELS * this.ratio), thick = Math.max(1, Math.round(this.ratio));
    for (const { depth, left, right, color } of this.hatched) {
      const [top, bottom] = this.pixelRows(depth), line = colors.hatched(color);
      for (let y = top; y < bottom; y++)
        for (let x = left + (step - (left + y) % step) % step; x < right; x += step)
          pixels.fill(line, y * width + x, y * width + Math.min(x + thick, right));
    }
  }

  drawLabels(nodes) {
    const { context, ratio, tree, model } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = FONT;
    context.textBaseline = 'middle';
    context.direction = 'ltr';
    this.charWidth = this.charWidth || context.measureText('m').width;
    for (const node of nodes) {
      const [x0, x1] = this.edges(node);
      const width = (x1 - x0) / ratio - 2 * TEXT_MARGIN;
      const text = fitText(model.functionName(tree.frame[node]), width, this.charWidth);
      const y = this.topOf(tree.depth[node]) + ROW_HEIGHT / 2;
      context.fillStyle = textColor(this.colorOf(node, node + 1));
      /* The width of other letters is not known: the canvas narrows what does not fit. */
      if (text && /^[ -~…]*$/.test(text))
        context.fillText(text, x0 / ratio + TEXT_MARGIN, y);
      else if (text)
        context.fillText(text, x0 / ratio + TEXT_MARGIN, y, width);
    }
  }

  outline(node) {
    const { context, ratio } = this, [x0, x1] = node < 0 ? [0, 0] : this.edges(node);
    if (x1 <= x0) // no mark, or one that is left or right of the picture
      return;
    context.lineWidth = 1.5;
    context.strokeStyle = this.colors.outline;
    context.strokeRect(x0 / ratio + 0.5, this.topOf(this.tree.depth[node]) + 0.5,
      Math.max(1, (x1 - x0) / ratio - 1), ROW_HEIGHT - 2);
  }

  // The node at a point of the canvas, in CSS pixels; -1: none.
  nodeAt(x, y) {
    const { tree } = this, depth = this.depthAt(y);
    let node = ROOT;
    while (node >= 0 && tree.depth[node] < depth) {
      let child = tree.firstChild(node);
      while (child >= 0 && !this.covers(child, x))
        child = tree.nextSibling(child);
      node = child;
    }
    return node >= 0 && tree.depth[node] === depth && this.covers(node, x) ? node : -1;
  }

  covers(node, x) {
    const [x0, x1] = this.edges(node);
    return x * this.ratio >= x0 && x * this.ratio < x1 && (node >= this.zoomed || this.isAround(node));
  }

  // Moves the mark: to the parent, the largest child, or the next one on either side.
  step(direction) {
    const { tree } = this;
    const node = this.marked >= 0 ? this.marked : this.zoomed;
    const siblings = tree.parent[node] >= 0 ? [...tree.children(tree.parent[node])] : [node];
    const at = siblings.indexOf(node);
    const heaviest = (best, child) => best < 0 || tree.weight[child] > tree.weight[best] ? child : best;
    const next = {
      out: tree.parent[node],
      in: [...tree.children(node)].reduce(heaviest, -1),
      left: at > 0 ? siblings[at - 1] : -1,
      right: at + 1 < siblings.length ? siblings[at + 1] : -1,
    }[direction];
    if (next >= 0)
      this.markAndShow(next);
  }

  mark(node) {
    this.marked = node;
    this.on.marked();
    this.redraw();
  }

  markAndShow(node) {
    const y = this.topOf(this.tree.depth[node]);
    if (y < 0)
      this.scroller.scrollTop += y;
    else if (y + ROW_HEIGHT > this.scroller.clientHeight)
      this.scroller.scrollTop += y + ROW_HEIGHT - this.scroller.clientHeight;
    this.mark(node);
  }

  // The mark stays where it was when the pointer leaves the frames: for the buttons that are about it.
  hover(node) {
    this.canvas.classList.toggle('on-frame', node >= 0);
    if (node >= 0 && node !== this.marked)
      this.mark(node);
  }
}
