// SPDX-License-Identifier: Apache-2.0
// hogs: the table of groups: what burns CPU, how sure that is, how it has changed, and the way on: a click on a group
// adds it to the filters and goes to its flame graph.

import { find, make, makeName, makeSelect } from './dom.js';
import { formatCores, formatShare, formatSigned, plural, safeText, valueText } from './format.js';
import { KeysInput } from './keys-input.js';
import { groupId } from './palette.js';
import { isFrameKey, isOfFrames, keysOf } from './questions.js';
import { makeTable } from './table.js';

const PRESETS = [['service', 'Services'], ['container', 'Containers'], ['host', 'Hosts'], ['version', 'Versions'],
  ['function', 'Functions'], ['library', 'Libraries'], ['category', 'Categories']];
const COMPARE = [['', 'compare with …'], ['1h', '1 h earlier'], ['1d', '1 day earlier'], ['7d', '7 days earlier']];
const MAX_ROWS = 1000; // of a question

function matcherOf(key, operator, value) {
  return `${key}${operator}${value}`;
}

// What of the state makes one group out of all: its labels, its function, library, file or category.
function drillDown(state, group) {
  const changes = { match: [...state.match] };
  for (const [key, value] of keysOf(state.by).map((name) => [name, group.key[name]])) {
    const isUnnamed = key === 'function' && value === `[${group.key.library}]`;
    if (key === 'library' || isUnnamed)
      changes.library = group.key.library;
    else if (isFrameKey(key))
      changes[key] = value;
    else if (!changes.match.includes(matcherOf(key, '=', value)))
      changes.match.push(matcherOf(key, '=', value));
  }
  return changes;
}

// href: to what has changed in it.
function changeParts({ change, self, self_before: before }, href) {
  if (!change)
    return '–';
  if (change.is_noise)
    return make('span', { class: 'soft' }, 'within noise');
  const kind = before.cpu_ns === 0 ? 'new' : self.cpu_ns === 0 ? 'gone' : `${change.ratio > 0 ? '+' : ''}${
    (100 * change.ratio).toFixed(1)} %`;
  const cores = make('b', { class: change.cores > 0 ? 'more' : 'less' }, formatSigned(change.cores));
  return [href ? make('a', { href, title: 'what has changed in it' }, cores) : cores,
    ` ±${formatCores(change.error)} (${kind})`];
}

function makeLibrary(name) {
  return make('span', { class: 'soft' }, '  ', makeName(safeText(name)));
}

function shareBar(measure) {
  const bar = make('span', { class: 'part' });
  bar.style.setProperty('--part', measure.share);
  return [bar, make('span', {}, formatShare(measure.share))];
}

export class Hogs {
  // page: { state, go(changes, isStep), linkTo(changes), tell(text) }.
  constructor(page) {
    this.page = page;
    this.root = find('hogs');
    this.presets = PRESETS.map(([by, text]) =>
      make('button', { type: 'button', onclick: () => page.go({ by }) }, text));
    this.keys = new KeysInput({
      page, label: 'group by', placeholder: 'group by … ( b )',
      others: [...PRESETS.map(([by]) => by).filter(isFrameKey), 'file'], set: (by) => page.go({ by: by || 'service' }),
    });
    this.compare = make('span', {});
    this.callers = this.makeCheck('callers', 'who calls each function', '3');
    this.outliers = this.makeCheck('outliers', 'hosts on which a group stands out', '1');
    this.least = make('input', { type: 'text', inputmode: 'decimal', size: 3, 'aria-label': 'least cores',
      placeholder: '0', onchange: () => page.go({ min_cores: this.least.value.trim() }) });
    this.content = make('div', {});
    this.root.append(make('div', { class: 'tools' },
      make('span', { class: 'segments', role: 'group', 'aria-label': 'group by' }, ...this.presets), this.keys.root,
      this.compare, this.callers, this.outliers, make('label', {}, 'at least ', this.least, ' cores')), this.content);
  }

  makeCheck(name, title, value) {
    const box = make('input', { type: 'checkbox', onchange: () => this.page.go({ [name]: box.checked ? value : '' }) });
    return make('label', { title }, box, ` ${name}`);
  }

  showControls(state) {
    this.presets.forEach((button, i) => button.setAttribute('aria-pressed', String(PRESETS[i][0] === state.by)));
    this.keys.show(state.by, PRESETS.some(([by]) => by === state.by));
    this.compare.replaceChildren(makeSelect('compare with', COMPARE, state.vs, (vs) => this.page.go({ vs })));
    this.callers.hidden = !keysOf(state.by).includes('function');
    for (const name of ['callers', 'outliers'])
      this[name].firstChild.checked = state[name] !== '';
    this.least.value = state.min_cores;
  }

  // tones: of the groups that the timeline has, too.
  show(answer, tones) {
    const { state } = this.page, scroller = this.content.querySelector('.scroll');
    const left = scroller ? scroller.scrollLeft : 0;
    this.tones = tones;
    this.hasChange = Boolean(answer.sum.change);
    this.hasHosts = answer.recorded.hosts.length > 1;
    const { n_groups: nRest } = answer.rest;
    const last = [{ ...answer.sum, label: `all ${plural(answer.sum.n_groups, 'group')}` }];
    if (nRest > 0)
      last.unshift({ ...answer.rest, label: `${plural(nRest, 'other')}` });
    this.content.replaceChildren(...this.notes(answer), makeTable({
      label: 'groups', columns: this.columns(state), rows: answer.groups, last, sort: state.sort,
      onSort: (sort) => this.page.go({ sort }, false), below: (group) => this.below(group),
    }), ...this.more(answer));
    this.content.querySelector('.scroll').scrollLeft = left;
  }

  // What the table cannot say.
  notes({ recorded_before: before, groups }) {
    const { state } = this.page, notes = [];
    if (before && before.n_windows === 0)
      notes.push(`nothing to compare with: nothing was recorded ${state.vs} before`);
    if (state.outliers && groups.every((group) => group.outliers.length === 0))
      notes.push('no host stands out');
    return notes.map((text) => make('p', { class: 'note' }, text));
  }

  columns(state) {
    const columns = keysOf(state.by).map((key, i) => ({
      key, title: key, isText: true, value: (group) => group.key ? group.key[key] : '',
      cell: (group) => group.label ? i === 0 ? group.label : '' : this.keyCell(group, key, i === 0),
    }));
    const number = (key, title, hint, value, cell) => columns.push({ key, title, hint, value, cell });
    const isOf = isOfFrames(state.by);
    const measure = (name, title, hint) => number(name, title, hint, (row) => row[name] && row[name].cores,
      (row) => row[name] ? formatCores(row[name].cores) : '');
    measure('self', isOf ? 'self' : 'cores', isOf ? 'cores: what runs in the group itself' :
      'CPU time by the time that was recorded, over all hosts');
    number('error', '±95 %', 'half of the interval that counting samples leaves', (row) => row.self.error,
      (row) => row.self.error === null ? '' : `±${formatCores(row.self.error)}`);
    number('share', 'share', 'of all CPU time of these labels and this time', (row) => row.self.share,
      (row) => shareBar(row.self));
    if (isOf)
      measure('total', 'total', 'cores: with all that it calls');
    if (this.hasChange)
      number('change', 'change', 'of cores, and of what it was', (row) => row.change ? row.change.cores : null,
        (row) => changeParts(row, row.label ? null : this.page.linkTo({
          view: 'diff', with: 'earlier', draw: 'table', ...drillDown(state, row),
        })));
    if (this.hasHosts)
      this.addHosts(number);
    number('kernel', 'kernel', 'share of it that runs in the kernel', (row) => row.kernel_share,
      (row) => formatShare(row.kernel_share));
    if (!keysOf(state.by).includes('function'))
      columns.push({
        key: 'top', title: 'top function', isText: true, hint: 'the function with most of it, and its share',
        value: (row) => row.top_function ? row.top_function.function : '', cell: (row) => this.topCell(row),
      });
    number('named', 'named', 'share of its frames that have a name', (row) => row.named_share,
      (row) => formatShare(row.named_share));
    number('cut', 'cut', 'share of its samples whose stacks end short', (row) => row.truncated_share,
      (row) => formatShare(row.truncated_share));
    return columns;
  }

  addHosts(number) {
    const spread = (row, part) => row.cores_per_host ? row.cores_per_host[part] : null;
    number('hosts', 'hosts', 'with a sample of it', (row) => row.n_hosts, (row) => String(row.n_hosts));
    number('p50', 'host p50', 'its cores on the median host', (row) => spread(row, 'p50'),
      (row) => row.label ? '' : formatCores(spread(row, 'p50')));
    number('p99', 'host p99', 'its cores on the host that 99 % do not exceed', (row) => spread(row, 'p99'),
      (row) => row.label ? '' : formatCores(spread(row, 'p99')));
  }

  keyCell(group, key, isFirst) {
    const { page } = this, { state } = page, value = group.key[key], text = valueText(value);
    const rest = key === 'function' ? group.key.library : key === 'library' ? group.key.build_id.slice(0, 8) : '';
    const more = rest ? [makeLibrary(rest)] : [];
    if (!isFirst)
      return [make('span', {}, makeName(text), ...more)];
    const values = keysOf(state.by).map((name) => group.key[name]);
    const swatch = make('i', { class: this.tones.get(groupId(values)) || 'tone-none' });
    const changes = drillDown(state, group);
    const href = page.linkTo({ view: 'flame', ...changes });
    return [swatch, make('a', { href, class: 'drill', title: `${text}\nits flame graph` }, makeName(text)), ...more,
      ...this.sideLinks(group, changes, text)];
  }

  // Stay in the table: only this group, or all but it.
  sideLinks(group, changes, text) {
    const { page } = this, keys = keysOf(page.state.by), name = text.slice(0, 100);
    const side = (sign, hint, next) => make('a', { class: 'side', href: page.linkTo(next), title: `${hint} this`,
      'aria-label': `${hint} ${name}` }, sign);
    const links = [side('=', 'only', changes)];
    if (keys.length === 1 && !isFrameKey(keys[0])) {
      const match = [...page.state.match, matcherOf(keys[0], '!=', group.key[keys[0]])];
      links.push(side('≠', 'all but', { match }));
    }
    return links;
  }

  topCell(row) {
    const top = row.top_function;
    if (!top)
      return '';
    const name = safeText(top.function);
    const part = name === `[${top.library}]` ? { library: top.library } : { function: top.function };
    const label = row.label ? makeName(name) : make('a', {
      href: this.page.linkTo({ view: 'flame', ...drillDown(this.page.state, row), ...part }),
    }, makeName(name));
    return [make('span', { class: 'soft' }, `${formatShare(top.share)}  `), label, makeLibrary(top.library)];
  }

  below(group) {
    const callers = group.callers.map((caller) => [`${formatShare(caller.share)} from `,
      makeName(safeText(caller.function)), makeLibrary(caller.library)]);
    const outliers = group.outliers.map(({ host, cores, median }) => ['stands out on ', makeName(valueText(host)),
      `: ${formatCores(cores)} cores, the median host has ${formatCores(median)}`]);
    return [...callers, ...outliers];
  }

  more({ groups, rest }) {
    const n = Math.min(MAX_ROWS, 4 * groups.length);
    if (rest.n_groups === 0 || groups.length === 0 || groups.length >= MAX_ROWS)
      return [];
    return [make('p', {}, make('button', { type: 'button', onclick: () => this.page.go({ n: String(n) }, false) },
      `show more than ${plural(groups.length, 'row')}`))];
  }

  leave() {
    this.content.replaceChildren();
  }
}
