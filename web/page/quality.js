// SPDX-License-Identifier: Apache-2.0
// quality: how complete what is shown is: one line that is always there, and behind it the hosts, the ledger and the
// limits that were met.

import { find, make, makeName } from './dom.js';
import { NS_PER_MS, formatCount, formatShare, formatSmallShare, formatSpan, formatTime, plural, valueText }
  from './format.js';

const LOST = { warn: 0.01, bad: 0.05 }; // shares
const COVERED = { warn: 0.98, bad: 0.8 };
const LIMITS = {
  groups: 'stacks are of no group of their own: there are too many groups',
  cells: 'times a group had no room on a host: its numbers are too small',
  top_functions: 'stacks have no part in the top functions: there are too many',
  callers: 'calls have no part in the callers: there are too many',
  frames: 'frames are "(other)": there are too many',
  expressions: 'values took an expression too long, and count as not matching',
};

// Of the time from the first window to the last, the part for which hosts were recorded, on average.
function coveredShare({ start_ns: start, end_ns: end, hosts }) {
  const wall = hosts.reduce((sum, host) => sum + host.wall_ns, 0);
  return hosts.length === 0 || end <= start ? null : Math.min(1, wall / hosts.length / (end - start));
}

function levelOf(share, { warn, bad }, isUp) {
  const beyond = (limit) => isUp ? share > limit : share < limit;
  return share === null ? 'warn' : beyond(bad) ? 'bad' : beyond(warn) ? 'warn' : 'good';
}

// Rows of { text, level, hint }.
function facts(answer) {
  const { recorded, sum } = answer, silent = recorded.hosts.filter((host) => host.is_silent).length;
  const covered = coveredShare(recorded), lost = recorded.lost_share;
  const beyond = Object.values(answer.beyond_limits).reduce((total, n) => total + n, 0);
  const rows = [
    { text: plural(recorded.hosts.length, 'host'), hint: 'that were recorded' },
    { text: silent === 0 ? 'none silent' : `${formatCount(silent)} silent`, level: silent > 0 ? 'warn' : 'good',
      hint: 'hosts without a window in the last five minutes of the range' },
    { text: `covered ${formatShare(covered)}`, level: levelOf(covered, COVERED, false),
      hint: 'of the time from the first window to the last' },
    { text: lost === null ? 'no ledger' : `lost ${formatSmallShare(lost)}`, level: levelOf(lost, LOST, true),
      hint: 'of the samples that were due on busy CPUs' },
    { text: `cut ${formatShare(sum.truncated_share)}`, hint: 'of the samples: their stacks end short' },
    { text: `named ${formatShare(sum.named_share)}`, hint: 'of the frames: they have a name' },
  ];
  if (sum.folded_share > 0)
    rows.push({ text: `folded ${formatShare(sum.folded_share)}`,
      hint: 'of the samples: merging windows put their rare stacks into (other)' });
  if (recorded.n_unread > 0)
    rows.push({ text: `${plural(recorded.n_unread, 'window')} unread`, level: 'bad',
      hint: 'they were gone or damaged when they were to be read' });
  if (recorded.ledger && recorded.ledger.reduced_windows > 0)
    rows.push({ text: `${plural(recorded.ledger.reduced_windows, 'window')} with less detail`, level: 'warn',
      hint: 'to keep within its budget, the agent took detail from them' });
  if (beyond > 0)
    rows.push({ text: 'limits were met', level: 'warn', hint: 'something had no room: see the details' });
  return [...rows, { text: plural(recorded.n_windows, 'window'), hint: 'that were read' },
    { text: plural(sum.self.n_samples, 'sample'), hint: 'that are selected' }];
}

function hostTable({ hosts, start_ns: start, end_ns: end }) {
  const rows = hosts.map((host) => make('tr', {}, make('td', { class: 'text' }, makeName(valueText(host.host))),
    make('td', { class: 'number' }, formatSpan(host.wall_ns / NS_PER_MS)),
    make('td', { class: 'number' }, formatShare(end > start ? Math.min(1, host.wall_ns / (end - start)) : null)),
    make('td', { class: 'number' }, `${formatTime(host.end_ns / NS_PER_MS)}`),
    make('td', { class: 'text' }, host.is_silent ? make('span', { class: 'warn' }, 'silent') : '')));
  const head = ['host', 'recorded', 'of the range', 'last seen, UTC', ''].map((text, i) =>
    make(text ? 'th' : 'td', { scope: text ? 'col' : null, class: i === 0 ? 'text' : 'number' }, text));
  return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'hosts' },
    make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows)));
}

function ledgerLines(ledger) {
  if (!ledger)
    return ['no ledger tells what was lost'];
  const reasons = (what, object) => Object.entries(object).filter(([, n]) => n > 0)
    .map(([reason, n]) => `${what}: ${reason} ${formatCount(n)}`);
  return [
    `ticks: due ${formatCount(ledger.due)}, taken ${formatCount(ledger.taken)}, in profiles ${
      formatCount(ledger.in_profile)}, idle ${formatCount(ledger.idle)}, filtered ${formatCount(ledger.filtered)}`,
    ...reasons('not delivered', ledger.not_delivered), ...reasons('lost', ledger.lost),
    ...reasons('cut short', ledger.truncated), ...reasons('frames', ledger.frames),
    `${plural(ledger.windows, 'window')}, ${formatCount(ledger.reduced_windows)} of them with less detail`,
    ...ledger.down_ns > 0 ? [`agents were down for ${formatSpan(ledger.down_ns / NS_PER_MS)}`] : [],
  ];
}

function limitLines(limits) {
  return Object.entries(limits).filter(([, n]) => n > 0)
    .map(([name, n]) => `${formatCount(n)} ${LIMITS[name] || name}`);
}

export class Quality {
  constructor() {
    this.line = make('span', { class: 'facts' });
    this.details = make('div', { class: 'details' });
    this.root = make('details', { hidden: true }, make('summary', { title: 'data quality (q)' }, this.line),
      this.details);
    find('quality').append(this.root);
  }

  show(answer) {
    const { recorded } = answer;
    this.root.hidden = recorded.n_windows === 0;
    this.line.replaceChildren(...facts(answer).map(({ text, level = '', hint }) =>
      make('span', { class: `fact ${level}`, title: hint }, text)));
    if (this.root.hidden)
      return;
    const span = `${formatTime(recorded.start_ns / NS_PER_MS)} to ${formatTime(recorded.end_ns / NS_PER_MS)} UTC`;
    this.details.replaceChildren(make('p', {}, `recorded: ${span}`), hostTable(recorded),
      make('ul', {}, ...[...ledgerLines(recorded.ledger), ...limitLines(answer.beyond_limits)].map((line) =>
        make('li', {}, line))));
  }

  toggle() {
    this.root.open = !this.root.open;
  }
}
