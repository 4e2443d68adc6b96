// SPDX-License-Identifier: Apache-2.0
// page: the whole: what is set, the questions that follow from it, and who shows their answers.

import { ApiError, Asker, getJson, isAborted, keepToken } from './api.js';
import { formatAddress, readAddress, writeAddress } from './address.js';
import { Diff } from './diff.js';
import { find, isTyping, keepFocus, make } from './dom.js';
import { Empty } from './empty.js';
import { Exports } from './exports.js';
import { Filters } from './filters.js';
import { Flame } from './flame.js';
import { describeRange, formatCores, plural } from './format.js';
import { Hogs } from './hogs.js';
import { Quality } from './quality.js';
import { diffQuestion, flameQuestion, hogsQuestion, isComparison, keysOf, timelineQuestion, twoColumnsQuestion }
  from './questions.js';
import { Range } from './range.js';
import { startTheme, switchTheme } from './theme.js';
import { Timeline } from './timeline.js';
import { DEFAULTS } from '/viewer/state.js';

const TITLES = { hogs: 'Overview', flame: 'Flame graph', diff: 'Compare' };
const STORES = { local: 'a store', hub: 'a hub', clickhouse: 'ClickHouse', pyroscope: 'Pyroscope' };
const PIXELS_A_STEP = 4, POINTS_UNIT = 50; // of the timeline: a window that is a little wider asks nothing new

class Page {
  constructor() {
    this.state = readAddress(location.hash);
    this.nWaiting = 0;
    this.askers = { hogs: new Asker('hogs'), timeline: new Asker('timeline'), flame: new Asker('flame'),
      diff: new Asker('diff'), graph: new Asker('flame') };
    this.keys = this.listKeys();
    this.keysOfPage = this.keys.filter((key) => !key.isOfPageAlone);
    this.range = new Range(this);
    this.filters = new Filters(this);
    this.exports = new Exports(this);
    this.quality = new Quality();
    this.empty = new Empty(this);
    this.timeline = new Timeline({ select: (fromMs, toMs) => this.select(fromMs, toMs) });
    this.views = { hogs: new Hogs(this), flame: new Flame(this), diff: new Diff(this) };
    this.listen();
  }

  listKeys() {
    const focusKeys = () => find(this.state.view).querySelector('.keys-input input');
    const show = (view) => () => this.go({ view });
    return [
      { keys: ['1'], what: 'overview', run: show('hogs') },
      { keys: ['2'], what: 'flame graph', run: show('flame') },
      { keys: ['3'], what: 'compare', run: show('diff') },
      { keys: ['f'], what: 'filter', run: () => this.filters.suggest.input.focus() },
      { keys: ['b'], what: 'group by', run: () => focusKeys() && focusKeys().focus() },
      { keys: ['[', ']'], what: 'earlier, later', run: (key) => this.range.shift(key === '[' ? -1 : 1) },
      { keys: ['o'], what: 'the range before the selected one', run: () => this.range.zoomOut() },
      { keys: ['.'], what: 'refresh', run: () => this.refresh() },
      { keys: ['e'], what: 'export', run: () => this.exports.open() },
      { keys: ['q'], what: 'data quality', run: () => this.quality.toggle() },
      { keys: ['d'], what: 'light or dark', run: switchTheme },
      { keys: ['j', 'k'], what: 'to the next row, to the one before; Enter opens it', isOfPageAlone: true,
        run: (key) => this.stepRow(key === 'j' ? 1 : -1) },
      { keys: ['?'], what: 'this list', isOfPageAlone: true, run: () => this.help() },
    ];
  }

  listen() {
    document.addEventListener('keydown', (event) => this.onKey(event));
    window.addEventListener('popstate', () => this.restore());
    find('help-button').addEventListener('click', () => this.help());
    for (const { keys, what } of this.keys)
      find('help').querySelector('dl').append(make('dt', {}, keys.join(' ')), make('dd', {}, what));
    const dialog = find('token');
    dialog.querySelector('form').addEventListener('submit', () => {
      keepToken(dialog.querySelector('input').value);
      this.start();
    });
    document.addEventListener('click', (event) => this.closeMenus(event.target));
  }

  onKey(event) {
    if (event.key === 'Escape')
      this.closeMenus(null);
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
      return;
    const found = this.keys.find(({ keys, isOfPageAlone }) => keys.includes(event.key) &&
      !(isOfPageAlone && this.graph));
    if (!found)
      return;
    event.preventDefault();
    found.run(event.key);
  }

  closeMenus(target) {
    for (const menu of document.querySelectorAll('details.menu[open]'))
      menu.open = menu.contains(target);
  }

  // The graph that is shown, which has keys of its own.
  get graph() {
    const { view, draw } = this.state;
    return view === 'flame' || (view === 'diff' && draw === 'graph') ? this.views[view].graph.view : null;
  }

  help() {
    (this.graph ? this.graph.part('help') : find('help')).showModal();
  }

  stepRow(step) {
    const rows = [...find(this.state.view).querySelectorAll('a.drill')], at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
    if (next)
      next.focus();
  }

  linkTo(changes) {
    return formatAddress({ ...this.state, graph: {}, ...changes });
  }

  // What a user sets; isStep: the back button comes back to what was before.
  go(changes, isStep = true) {
    this.state = { ...this.state, ...changes };
    writeAddress(this.state, isStep);
    this.apply(false);
  }

  // What the graph has set and shown.
  keep(changes, isStep) {
    this.state = { ...this.state, ...changes };
    writeAddress(this.state, isStep);
  }

  restore() {
    this.state = readAddress(location.hash);
    this.apply(false);
    if (this.graph)
      this.graph.set({ ...DEFAULTS, ...this.state.graph });
  }

  refresh() {
    this.apply(true);
  }

  select(fromMs, toMs) {
    if (this.state.view === 'diff')
      this.views.diff.select(fromMs, toMs);
    else
      this.range.select(fromMs, toMs);
  }

  apply(isAnew) {
    this.error(null);
    keepFocus(document.body, () => this.showControls());
    this.load(isAnew);
  }

  showControls() {
    const { state } = this;
    document.body.dataset.view = state.view;
    document.title = [TITLES[state.view], ...state.match, describeRange(state.since, state.until), 'cpuhound']
      .join(' · ');
    for (const link of find('views').children) {
      link.href = formatAddress({ ...state, view: link.dataset.view });
      link.setAttribute('aria-current', link.dataset.view === state.view ? 'page' : 'false');
    }
    for (const [name, view] of Object.entries(this.views)) {
      find(name).hidden = name !== state.view;
      if (name === state.view)
        view.showControls(state);
      else
        view.leave();
    }
    this.range.show(state);
    this.filters.show(state);
  }

  // Asks what is needed now; what was asked before and is not needed any more is given up.
  load(isAnew) {
    const { state } = this, points = this.timeline.frame.clientWidth / PIXELS_A_STEP;
    this.wanted = new Map();
    this.answer('hogs', hogsQuestion(state), isAnew, (answer) => this.onHogs(answer));
    this.answer('timeline', timelineQuestion(state, POINTS_UNIT * Math.max(1, Math.floor(points / POINTS_UNIT))),
      isAnew, (answer) => this.onTimeline(answer));
    if (state.view === 'flame')
      this.answer('flame', flameQuestion(state), isAnew, (answer) => this.views.flame.show(answer));
    if (state.view === 'diff')
      this.loadDiff(isAnew);
    for (const [name, asker] of Object.entries(this.askers))
      if (!this.wanted.has(name))
        asker.giveUp();
  }

  loadDiff(isAnew) {
    const { state } = this, { diff } = this.views;
    if (!isComparison(state))
      diff.ask();
    else if (state.draw === 'graph')
      this.answer('graph', twoColumnsQuestion(state), isAnew, (answer) => diff.showGraph(answer));
    else
      this.answer('diff', diffQuestion(state), isAnew, (answer) => diff.show(answer));
  }

  // Asks, and shows the answer unless something was set meanwhile.
  async answer(name, pairs, isAnew, show) {
    const { wanted } = this, asked = this.askers[name].ask(pairs, isAnew);
    wanted.set(name, asked);
    try {
      const answer = await this.work(asked);
      if (wanted === this.wanted)
        keepFocus(document.body, () => show(answer));
    } catch (error) {
      if (!isAborted(error) && wanted === this.wanted)
        this.fail(error);
    }
  }

  async work(promise) {
    this.busy(1);
    try {
      return await promise;
    } finally {
      this.busy(-1);
    }
  }

  busy(step) {
    this.nWaiting += step;
    document.body.classList.toggle('busy', this.nWaiting > 0);
    find('body').setAttribute('aria-busy', String(this.nWaiting > 0));
  }

  onHogs(answer) {
    this.hogs = { answer, asked: this.wanted.get('hogs') };
    this.quality.show(answer);
    const isEmpty = this.empty.show(answer);
    find('body').classList.toggle('is-empty', isEmpty);
    this.showHogs();
    find('status').textContent = `${plural(answer.sum.n_groups, 'group')}, ${formatCores(answer.sum.self.cores)} cores`;
  }

  // Also when the timeline has its colors; not the answer to an earlier question.
  showHogs() {
    if (this.state.view === 'hogs' && this.hogs && this.hogs.asked === this.wanted.get('hogs'))
      this.views.hogs.show(this.hogs.answer, this.timeline.tones);
  }

  onTimeline(answer) {
    const { state } = this;
    const marks = state.view === 'diff' ? this.views.diff.marks(state) : [];
    this.timeline.show(answer, marks, `by ${keysOf(state.by).join(', ')}`);
    this.showHogs();
  }

  // What a user has to correct.
  tell(text) {
    this.error(text);
  }

  fail(error) {
    if (error instanceof ApiError && error.status === 401 && !find('token').open)
      find('token').showModal();
    this.error(error.status === 401 ? 'a token is needed' : error.message, true);
    if (!(error instanceof ApiError))
      throw error;
  }

  error(text, canTryAgain = false) {
    find('error').hidden = !text;
    find('error').replaceChildren(...text ? [text, ' '] : [], ...canTryAgain ? [make('button', { type: 'button',
      onclick: () => this.start() }, 'try again')] : []);
  }

  async start() {
    this.apply(true);
    try {
      this.about = await getJson('about', []);
      const { host, version, takes_windows: takesWindows, store } = this.about;
      find('where').textContent = `${takesWindows ? 'hub' : STORES[store] || store} · ${host}`;
      find('where').title = `cpuhound ${version}`;
      if (this.hogs)
        this.empty.show(this.hogs.answer);
    } catch (error) {
      if (error.status !== 401)
        this.fail(error);
    }
  }
}

startTheme();
new Page().start();
