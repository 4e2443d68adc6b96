// SPDX-License-Identifier: Apache-2.0
// facts: what stands around a graph: how much it shows, of when, and what is missing in it.

import { changeColor, kindColor, libraryColor } from './colors.js';
import { DIRECTION_MARKS, KIND_MARKER, KIND_NAMES, formatCount, formatPercent, formatTime } from './model.js';
import { INLINED, ROOT, SOMETIMES_INLINED, sumSelf } from './tree.js';

export function describeTitle({ title, by }) {
  return `${title}${by.length > 0 ? `, by ${by.join(', ')}` : ''}`.replace(DIRECTION_MARKS, '\ufffd');
}

export function describeColumn(model, c) {
  const column = model.columns[c], { tree } = model;
  const parts = [model.formatValue(tree.total[c][ROOT], c)];
  if (model.hasCores(c))
    parts.push(`${model.formatAmount(tree.total[c][ROOT])} of CPU in ${model.formatAmount(column.wall_ns)}`);
  parts.push(`${formatCount(tree.totalSamples[c][ROOT])} samples`);
  if (column.start_ns > 0)
    parts.push(`${formatTime(column.start_ns)} to ${formatTime(column.end_ns)} UTC`);
  parts.push(`${formatCount(column.n_profiles)} ${column.n_profiles === 1 ? 'profile' : 'profiles'}`);
  return `${column.name ? `${column.name}: ` : ''}${parts.join(' · ')}`;
}

function sumReasons(reasons) {
  return Object.values(reasons).reduce((sum, n) => sum + n, 0);
}

// Of the frames of all samples those that have a name, as `cpuhound hogs` counts them; markers are no frames of code.
function namedShare({ tree, kinds, isNamed }) {
  let named = 0, all = 0;
  for (const samples of tree.totalSamples)
    for (let node = ROOT + 1; node < tree.n; node++) {
      const frame = tree.frame[node], n = kinds[frame] === KIND_MARKER ? 0 : Math.abs(samples[node]);
      all += n;
      named += isNamed[frame] ? n : 0;
    }
  return formatPercent(named, all);
}

// Samples whose stack ends in "[truncated: REASON]".
function countTruncated(model) {
  const isMarker = model.functions.map((name, frame) => model.kinds[frame] === KIND_MARKER &&
    name.startsWith('[truncated'));
  let n = 0;
  for (const node of model.tree.outermost(ROOT, isMarker))
    for (const column of model.tree.totalSamples)
      n += column[node];
  return n;
}

function describeLedger(column) {
  const { ledger } = column;
  if (!ledger)
    return ['no ledger: what is lost is not known'];
  const lost = sumReasons(ledger.lost), parts = [];
  parts.push(`lost ${formatCount(lost)} of ${formatCount(ledger.taken)} ticks (${formatPercent(lost, ledger.taken)})`);
  if (ledger.not_delivered.throttled + ledger.not_delivered.other > 0)
    parts.push(`not delivered ${formatCount(ledger.not_delivered.throttled + ledger.not_delivered.other)}`);
  if (ledger.reduced_windows > 0)
    parts.push(`${formatCount(ledger.reduced_windows)} of ${formatCount(ledger.windows)} windows with less detail`);
  return parts;
}

function describeReasons(column) {
  const lines = [];
  for (const what of column.ledger ? ['lost', 'truncated'] : [])
    for (const [reason, n] of Object.entries(column.ledger[what]))
      lines.push(`${column.name ? `${column.name}: ` : ''}${what}: ${reason} ${formatCount(n)}`);
  return lines;
}

// One line, and the lines behind it.
export function describeQuality(model) {
  const nTruncated = countTruncated(model);
  const nSamples = model.tree.totalSamples.reduce((sum, column) => sum + column[ROOT], 0);
  const parts = [`named ${namedShare(model)}`,
    `cut short ${formatCount(nTruncated)} stacks (${formatPercent(nTruncated, nSamples)})`];
  for (const column of model.columns) {
    const name = column.name ? `${column.name}: ` : '';
    parts.push(name + describeLedger(column).join(', '));
    if (column.n_damaged_ledgers > 0)
      parts.push(`${name}${formatCount(column.n_damaged_ledgers)} damaged ledgers`);
  }
  if (model.nBeyond.stacks > 0)
    parts.push(`${formatCount(model.nBeyond.stacks)} samples in "(other)": more stacks than a graph holds`);
  if (model.nBeyond.frames > 0)
    parts.push(`${formatCount(model.nBeyond.frames)} frames in "(other)": more functions than a graph holds`);
  return { line: parts.join(' · '), reasons: model.columns.flatMap(describeReasons) };
}

// What the looks of frames mean: rows of { color, text } and, where anything is inlined, { isHatched, text }.
export function legendOf(model, mode, isDark) {
  const isThere = model.tree.ways.includes(INLINED), column = model.columns.length - 1;
  const colors = mode === 'change' ? changeLegend(isDark) : ownLegend(model, mode, isDark);
  return isThere ? [...colors, { isHatched: true, text: `inlined ${inlinedShare(model.tree, column)}` }] : colors;
}

function inlinedShare(tree, column) {
  const sum = tree.self[column].reduce((sum, value, node) => tree.ways[node] === INLINED ? sum + value : sum, 0);
  return formatPercent(sum, tree.total[column][ROOT]);
}

function changeLegend(isDark) {
  return [-1, -0.5, 0, 0.5, 1].map((change) => ({
    color: changeColor(change, isDark),
    text: change === -1 ? 'gone' : change === 1 ? 'new' : `${change > 0 ? '+' : ''}${100 * change} %`,
  }));
}

// Of kinds or libraries, with what each has itself.
function ownLegend(model, mode, isDark) {
  const self = sumSelf(model.tree, model.columns.length - 1, model.nFrames);
  const nameOf = (frame) => mode === 'library' ? model.libraries[frame] || 'none' : KIND_NAMES[model.kinds[frame]];
  const sums = new Map(), whole = model.tree.total[model.columns.length - 1][ROOT];
  for (let frame = 0; frame < model.nFrames; frame++) {
    const entry = sums.get(nameOf(frame)) || { sum: 0, frame };
    entry.sum += self[frame];
    sums.set(nameOf(frame), entry);
  }
  const rows = [...sums].sort(([, a], [, b]) => b.sum - a.sum), n = 10;
  const shown = rows.slice(0, n).map(([name, { sum, frame }]) => ({
    color: mode === 'library' ? libraryColor(model.libraries[frame], isDark)
      : kindColor(model.kinds[frame], 0, isDark),
    text: `${name} ${formatPercent(sum, whole)}`,
  }));
  return rows.length > n ? [...shown, { color: null, text: `and ${formatCount(rows.length - n)} others` }] : shown;
}

// Of a difference: by how much, and by what part of what was before.
function describeChange(model, tree, node) {
  const [before, after] = tree.total.map((column) => column[node]), sign = after > before ? '+' : '';
  const part = before === 0 ? 'new' : `${sign}${formatPercent(after - before, before)}`;
  return `change: ${sign}${model.formatValue(after - before, 1)} (${after === before ? 'none' : part})`;
}

// A frame's numbers, a line a column, and the change; the share of what is zoomed to where that is not all. A caller
// has no own ones: its total is what is called through it.
export function describeNode(model, tree, node, zoomed, isCaller) {
  const lines = model.columns.map((column, c) => {
    const share = (value) => formatPercent(value, model.tree.total[c][ROOT]);
    const amount = (value) => model.hasCores(c) ? `${model.formatValue(value, c)}, ${model.formatAmount(value)}`
      : model.formatValue(value, c);
    const total = tree.total[c][node], self = tree.self[c][node];
    const parts = [`total ${amount(total)} (${share(total)})`];
    if (!isCaller)
      parts.push(`self ${amount(self)} (${share(self)})`);
    parts.push(`${formatCount(tree.totalSamples[c][node])} samples`);
    if (zoomed !== ROOT && node > zoomed && node < tree.end[zoomed])
      parts.push(`${formatPercent(total, tree.total[c][zoomed])} of ${model.functionName(tree.frame[zoomed])}`);
    return `${column.name ? `${column.name}: ` : ''}${parts.join(' · ')}`;
  });
  return model.isDiff ? [...lines, describeChange(model, tree, node)] : lines;
}

// "" where it is called as a function of its own.
export function describeWay(way) {
  return { [INLINED]: 'inlined into its caller', [SOMETIMES_INLINED]: 'sometimes inlined into its caller' }[way] || '';
}
