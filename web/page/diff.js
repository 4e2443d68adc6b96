// SPDX-License-Identifier: Apache-2.0
// diff: what changed: against the same span earlier, between two ranges of the timeline, or between two sets of labels;
// as a table of functions, libraries or labels, or as one graph of both.

import { joinRange, splitRange } from './address.js';
import { find, make, makeName, makeSelect } from './dom.js';
import { makeChip } from './filters.js';
import { GraphBox } from './flame.js';
import { formatCount, formatInstant, formatSmallShare, formatSpan, instantOf, plural, safeText, wordOf }
  from './format.js';
import { parseMatcher, suggestMatchers } from './matchers.js';
import { earlierOf } from './questions.js';
import { Suggest } from './suggest.js';
import { makeTable } from './table.js';

const NS_PER_S = 1e9;
const WITH = [['earlier', 'the same time, earlier'], ['range', 'another time'], ['labels', 'other labels']];
const EARLIER = [['1h', '1 h earlier'], ['1d', '1 day earlier'], ['7d', '7 days earlier']];
const ROWS = [['function', 'functions'], ['library', 'libraries'], ['service', 'services'], ['host', 'hosts'],
  ['version', 'versions'], ['container', 'containers']];
const SCALES = [['time', 'as cores'], ['hosts', 'as cores of a host'], ['total', 'as shares'], ['none', 'as measured']];
const DRAW = [['table', 'Table'], ['graph', 'Graph']];
const SIDES = ['before', 'after'];

// Values as the answer means them: cores where they are CPU time by the second.
function formatterOf({ normalize, type, unit }) {
  const isPerSecond = normalize === 'time' || normalize === 'hosts', isTime = unit === 'nanoseconds';
  if (isTime && (isPerSecond && type === 'cpu'))
    return { unit: 'cores', format: (value) => (value / NS_PER_S).toFixed(3) };
  return isTime ? { unit: 's', format: (value) => (value / NS_PER_S).toFixed(2) } : { unit, format: formatCount };
}

function signed(value, format) {
  return `${value > 0 ? '+' : ''}${format(value)}`;
}

function toneOf(change) {
  return change.delta > 0 ? 'more' : 'less';
}

function deltaParts(change, format) {
  if (change.is_noise)
    return make('span', { class: 'soft' }, change.before === change.after ? '0' : 'noise');
  return make('b', { class: toneOf(change) }, signed(change.delta, format));
}

export class Diff {
  // page: { state, go(changes, isStep), linkTo(changes), tell(text) }.
  constructor(page) {
    this.page = page;
    this.root = find('diff');
    this.with = make('span', {});
    this.details = make('span', { class: 'sides' });
    this.selects = make('span', { class: 'selects' });
    this.draw = DRAW.map(([draw, text]) =>
      make('button', { type: 'button', onclick: () => page.go({ draw }) }, text));
    this.summary = make('div', { class: 'summary' });
    this.content = make('div', {});
    this.box = make('div', { class: 'graph-box' });
    this.graph = new GraphBox(page, this.box);
    this.chips = make('span', { class: 'chips' });
    this.suggest = new Suggest({ label: 'labels before', placeholder: 'before: version=1.2 …',
      list: (text, signal) => suggestMatchers(page.state, text, signal, false), pick: (text) => this.addBefore(text) });
    this.side = 'after'; // that a range of the timeline goes to
    const draw = make('span', { class: 'segments', role: 'group', 'aria-label': 'show as' }, ...this.draw);
    this.root.append(make('div', { class: 'tools' }, this.with, this.details, this.selects, draw), this.summary,
      this.content, this.box);
  }

  addBefore(text) {
    if (!parseMatcher(text)) {
      this.page.tell(`"${text}" is no filter: take LABEL=VALUE, or !=, =~, !~`);
      return false;
    }
    this.page.go({ before_match: [...this.page.state.before_match, text] });
    return true;
  }

  showControls(state) {
    const { page } = this, pick = (name) => (value) => page.go({ [name]: value });
    this.with.replaceChildren(makeSelect('compare with', WITH, state.with, pick('with')));
    this.selects.replaceChildren(makeSelect('rows', ROWS, state.diff_by, pick('diff_by')),
      makeSelect('scale', SCALES, state.normalize, pick('normalize')));
    this.draw.forEach((button, i) => button.setAttribute('aria-pressed', String(DRAW[i][0] === state.draw)));
    if (state.with === 'earlier')
      this.details.replaceChildren(makeSelect('how much earlier', EARLIER, earlierOf(state), pick('vs')));
    else if (state.with === 'range')
      this.details.replaceChildren(...SIDES.map((side) => this.rangeInput(side)),
        make('span', { class: 'soft' }, 'drag in the timeline'));
    else
      this.showLabels(state);
  }

  showLabels(state) {
    this.chips.replaceChildren(...state.before_match.map((text) => makeChip(text, () =>
      this.page.go({ before_match: this.page.state.before_match.filter((other) => other !== text) }))));
    this.details.replaceChildren(this.chips, this.suggest.root,
      make('span', { class: 'soft' }, 'after: the filters above'));
  }

  // A side of two ranges: what it is set to, and whether the timeline sets it.
  rangeInput(side) {
    const { state } = this.page;
    const input = make('input', { type: 'text', class: 'range', name: side, 'aria-label': `${side}: from..to`,
      placeholder: side === 'before' ? '2h..1h' : 'the time above', value: state[side], autocomplete: 'off',
      onchange: () => this.setRange(side, input.value) });
    const radio = make('input', { type: 'radio', name: 'side', checked: this.side === side,
      'aria-label': `the timeline sets ${side}`, onchange: () => { this.side = side; } });
    return make('label', { class: `side-${side}` }, radio, ` ${side} `, input);
  }

  setRange(side, text) {
    const { since, until } = splitRange(text.trim());
    this.page.go({ [side]: text.trim() ? joinRange(wordOf(since, Date.now()), wordOf(until, Date.now())) : '' });
  }

  // A range was selected in the timeline: first after, then before.
  select(fromMs, toMs) {
    const { side } = this;
    this.side = side === 'after' ? 'before' : 'after';
    this.page.go({ with: 'range', [side]: joinRange(formatInstant(fromMs), formatInstant(toMs)) });
  }

  // What of the timeline is compared: { name, fromMs, toMs }.
  marks(state) {
    const now = Date.now();
    return state.with !== 'range' ? [] : SIDES.filter((side) => state[side]).map((name) => {
      const { since, until } = splitRange(state[name]);
      return { name, fromMs: instantOf(since, now), toMs: instantOf(until, now) };
    });
  }

  show(answer) {
    const form = formatterOf(answer), { state } = this.page;
    this.graph.close();
    this.summary.replaceChildren(...this.summarize(answer, form));
    const rows = answer.rows.map((row, rank) => ({ ...row, rank }));
    const nNoise = rows.filter(({ self, total }) => self.is_noise && total.is_noise).length;
    this.content.replaceChildren(makeTable({ label: 'changes', columns: this.columns(answer, form), rows,
      sort: state.diff_sort, onSort: (sort) => this.page.go({ diff_sort: sort }, false) }),
    make('p', { class: 'soft' }, `${plural(answer.n_rows, 'row')}, ${formatCount(rows.length)} shown, ${
      formatCount(nNoise)} of these have not changed by more than chance does`));
  }

  showGraph(answer) {
    this.content.replaceChildren();
    this.summary.replaceChildren();
    this.graph.show(answer);
  }

  summarize({ before, after, sum, n_beyond: nBeyond }, { unit, format }) {
    const side = (name, { n_profiles: n, n_hosts: nHosts, seconds, recorded }, value) =>
      make('p', {}, make('b', {}, name), ` ${format(value)} ${unit}: ${plural(n, 'profile')} of ${
        plural(nHosts, 'host')}${seconds ? `, ${formatSpan(1000 * seconds)}` : ''}, lost ${
        formatSmallShare(recorded.lost_share)}`);
    const error = sum.error === null ? '' : ` ±${format(sum.error)}`;
    const empty = Object.entries({ before, after }).filter(([, { n_samples: n }]) => n === 0).map(([name]) => name);
    if (empty.length > 0)
      return [make('p', { class: 'warn' }, `Nothing is selected ${empty.join(', nor ')}: there is no comparison.`)];
    return [side('before', before, sum.before), side('after', after, sum.after),
      make('p', {}, make('b', {}, 'change'), ' ', make('b', { class: sum.is_noise ? 'soft' : toneOf(sum) },
        `${signed(sum.delta, format)} ${unit}`), error, sum.is_noise ? ': noise' : ''),
      nBeyond === 0 ? '' : make('p', { class: 'warn' }, `${plural(nBeyond, 'sample')} had no room: they are (other)`)];
  }

  columns({ by, labels }, { unit, format }) {
    const columns = [{
      key: 'name', title: by === 'labels' ? labels.join(', ') : by, isText: true, value: (row) => row.name,
      cell: (row) => this.nameCell(row, by, labels),
    }];
    const number = (key, title, hint, value, cell) => columns.push({ key, title, hint, value, cell });
    number('before', 'before', unit, (row) => row.self.before, (row) => format(row.self.before));
    number('after', 'after', unit, (row) => row.self.after, (row) => format(row.self.after));
    for (const part of by === 'labels' ? ['self'] : ['self', 'total']) {
      const name = part === 'self' ? 'change' : 'total change';
      number(`${part}-change`, name, part === 'self' ? `${unit}, of itself` : `${unit}, with all that it calls`,
        (row) => row[part].is_noise ? 0 : Math.abs(row[part].delta), (row) => deltaParts(row[part], format));
      number(`${part}-error`, '±95 %', 'half of the interval that counting samples leaves', (row) => row[part].error,
        (row) => row[part].error === null ? '' : `±${format(row[part].error)}`);
    }
    columns.push({ key: 'rank', title: '#', hint: 'the largest change first', value: (row) => row.rank,
      cell: (row) => String(row.rank + 1) });
    return columns;
  }

  nameCell(row, by, labels) {
    const name = safeText(row.name), { state } = this.page;
    const changes = by === 'function' ? { function: row.name } : by === 'library' ? { library: row.name }
      : labels.length === 1 && row.name !== '(none)' ? { match: [...state.match, `${labels[0]}=${row.name}`] } : null;
    const library = row.library ? [make('span', { class: 'soft' }, '  ', makeName(safeText(row.library)))] : [];
    if (!changes || by === 'function' && row.name === `[${row.library}]`)
      return [makeName(name), ...library];
    const href = this.page.linkTo({ draw: 'graph', ...changes });
    return [make('a', { class: 'drill', href, title: `${name}\nits graph` }, makeName(name)), ...library];
  }

  ask() {
    this.leave();
    this.content.replaceChildren(make('p', { class: 'note' }, this.page.state.with === 'range'
      ? 'Select the range before: drag in the timeline, or type it.'
      : 'Type the labels of the side before: the filters above are those of the side after.'));
  }

  leave() {
    this.graph.close();
    this.summary.replaceChildren();
    this.content.replaceChildren();
  }
}
