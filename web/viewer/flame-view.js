// SPDX-License-Identifier: Apache-2.0
// flame view: flame graphs in an element of a page, with all that belongs to them: graph, table, callers and callees,
// search, colors, the numbers of a frame, and what is missing. It is light or dark as the page says (data-theme of its
// root element), and as high as its container.

import { Colors, cssColor } from './colors.js';
import { copyText, makeElement } from './elements.js';
import { describeColumn, describeNode, describeQuality, describeWay, legendOf } from './facts.js';
import { listKeys } from './keys.js';
import { MARKUP } from './markup.js';
import { Model, formatCount, formatPercent } from './model.js';
import { MIN_WIDTH, Pane } from './pane.js';
import { Sandwich } from './sandwich.js';
import { Search, escapeRegex } from './search.js';
import { completeState, formatZoom, parseZoom, shortState } from './state.js';
import { Table } from './table.js';
import { NO_FRAME, ROOT } from './tree.js';

const MAX_CRUMBS = 8;

export class FlameView {
  // state: as in state.js, of it what is set. onState(state, isStep): the user has set something; isStep: the browser's
  // back button should come back to what was before. keysFrom: where keys are pressed that are for the view. keys: what
  // else the page does at keys, as in keys.js.
  constructor(container, { state = {}, onState = () => {}, keysFrom = container, keys = [] } = {}) {
    this.container = container;
    this.onState = onState;
    this.state = completeState(state);
    this.model = null;
    this.search = null;
    this.hasPainted = false;
    container.classList.add('flame-view');
    container.innerHTML = MARKUP;
    this.hide(true); // until there is something to show
    this.keys = [...listKeys(this), ...keys];
    this.makeViews();
    this.listKeysInHelp();
    this.listen(keysFrom);
  }

  // data: as of report/flame-json.h. What is set stays, as far as it is in there.
  show(data) {
    const model = new Model(data), quality = describeQuality(model);
    this.model = model;
    this.search = null;
    this.colorsKey = '';
    this.part('totals').textContent = model.columns.map((_, c) => describeColumn(model, c)).join('\n');
    this.part('quality-line').textContent = quality.line;
    this.part('reasons').replaceChildren(...quality.reasons.map((text) => makeElement('li', '', text)));
    this.part('color').replaceChildren(...(model.isDiff ? ['change', 'kind', 'library'] : ['kind', 'library'])
      .map((mode) => new Option(mode, mode)));
    this.hide(false);
    this.apply();
  }

  // Sets some of the state, without a word to onState().
  set(changes) {
    this.state = completeState({ ...this.state, ...changes });
    this.apply();
  }

  destroy() {
    this.stop.abort();
    this.resized.disconnect();
    this.themed.disconnect();
    for (const pane of this.panes)
      pane.stop();
    this.container.replaceChildren();
    this.container.classList.remove('flame-view');
  }

  hide(isHidden) {
    for (const child of this.container.children)
      child.hidden = isHidden;
  }

  part(name) {
    return this.container.querySelector(`.${name}`);
  }

  get isSeen() {
    return this.model !== null && this.container.getClientRects().length > 0;
  }

  get panes() {
    return [this.graph, ...this.sandwich.panes];
  }

  makeViews() {
    const on = { marked: () => this.showDetails(), moved: () => this.keepRange(), drawn: () => this.onDrawn() };
    this.graph = new Pane(this.part('graph'), { ...on, zoom: (node) => this.zoomTo(node) });
    this.sandwich = new Sandwich(this.part('sandwich'), { ...on, open: (frame) => this.openSandwich(frame) });
    this.table = new Table(this.part('top'), {
      open: (frame) => this.openSandwich(frame),
      find: (frame) => this.change({ q: escapeRegex(this.model.functions[frame]), view: 'graph' }, true),
      sorted: (key, isUp) => this.change({ sort: `${isUp ? '-' : ''}${key}` }, false),
    });
  }

  listKeysInHelp() {
    for (const { keys, what } of this.keys) {
      const names = keys.join(' ').replace(/Arrow/g, '');
      this.part('keys').append(makeElement('dt', '', names), makeElement('dd', '', what));
    }
  }

  listen(keysFrom) {
    this.stop = new AbortController();
    const on = (target, type, run) => target.addEventListener(type, run, { signal: this.stop.signal });
    for (const button of this.part('views').children)
      on(button, 'click', () => this.change({ view: button.dataset.view }, true));
    on(this.part('search'), 'input', () => this.change({ q: this.part('search').value }, false));
    on(this.part('color'), 'change', () => this.change({ color: this.part('color').value }, false));
    on(this.part('flip'), 'click', () => this.turnOver());
    on(this.part('help-button'), 'click', () => this.part('help').showModal());
    on(this.part('copy'), 'click', () => this.copyName());
    on(this.part('open'), 'click', () => this.openCurrent());
    on(keysFrom, 'keydown', (event) => this.onKey(event));
    /* Keys are for the graph again once the mouse has pressed a button. */
    on(this.container, 'click', (event) => event.detail > 0 && this.leaveButton());
    on(this.part('help'), 'close', () => this.leaveButton());
    this.resized = new ResizeObserver(() => this.redraw());
    this.resized.observe(this.part('stage'));
    this.themed = new MutationObserver(() => this.apply());
    this.themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  onKey(event) {
    const isTyping = event.target.matches('input, select, textarea, dialog, dialog *');
    const isLeaving = event.key === 'Escape' && this.container.contains(event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || (isTyping && !isLeaving))
      return;
    if (event.key === 'Enter' && event.target.matches('button, summary'))
      return;
    if (event.defaultPrevented || !this.isSeen || document.querySelector('dialog[open]'))
      return;
    const found = this.keys.find(({ keys, isOfGraph }) => keys.includes(event.key) &&
      !(isOfGraph && this.state.view === 'top'));
    if (found) {
      event.preventDefault();
      found.run();
    }
  }

  leaveButton() {
    if (document.activeElement.matches('button') && this.container.contains(document.activeElement))
      (this.state.view === 'top' ? this.table.scroller : this.pane.canvas).focus({ preventScroll: true });
  }

  // What is around has another size: a picture may have been drawn for it already.
  redraw() {
    for (const pane of this.panes)
      if (pane.scroller.clientWidth > 0 && !pane.isFitting)
        pane.redraw();
    this.table.fill();
  }

  // What the user does: the state is changed, shown, and told.
  change(changes, isStep) {
    this.set(changes);
    this.onState(shortState(this.state), isStep);
  }

  apply() {
    const { state, model } = this;
    if (!model)
      return;
    this.applyColors(document.documentElement.dataset.theme === 'dark');
    this.applySearch();
    for (const view of this.part('stage').children)
      view.hidden = view.dataset.view !== state.view;
    for (const button of this.part('views').children)
      button.setAttribute('aria-selected', button.dataset.view === state.view);
    this.part('flip').textContent = state.flip ? 'roots at the top' : 'roots at the bottom';
    this.applyZoom();
    if (state.view === 'top')
      this.showTable();
    if (state.view === 'sandwich')
      this.sandwich.show(model, state.of ? model.findFrame(state.of) : NO_FRAME, this.colors);
    this.part('crumbs').replaceChildren(...this.crumbs());
    this.showMatched();
    this.showDetails();
  }

  applyColors(isDark) {
    const select = this.part('color'), modes = [...select.options].map((option) => option.value);
    const mode = modes.includes(this.state.color) ? this.state.color : modes[0], key = `${mode} ${isDark}`;
    select.value = mode;
    if (this.colorsKey === key)
      return;
    this.colorsKey = key;
    this.colors = new Colors(this.model, mode, isDark);
    this.part('legend').replaceChildren(...legendOf(this.model, mode, isDark).map(({ color, isHatched, text }) => {
      const item = makeElement('span', '', text), swatch = makeElement('i', isHatched ? 'hatched' : '');
      if (color)
        swatch.style.background = cssColor(color);
      if (color || isHatched)
        item.prepend(swatch);
      return item;
    }));
  }

  applySearch() {
    const { q } = this.state, input = this.part('search');
    this.searchError = '';
    if (input.value !== q)
      input.value = q;
    if (!q) {
      this.search = null;
    } else if (!this.search || this.search.text !== q) {
      try {
        this.search = new Search(this.model, q);
      } catch (error) {
        this.search = null;
        this.searchError = 'no regular expression';
      }
    }
    for (const pane of this.panes)
      pane.search = this.search;
  }

  applyZoom() {
    const { graph, model, state } = this, isFlipped = state.flip === '1';
    graph.show(model, model.tree, this.colors);
    const node = parseZoom(model, model.tree, state.zoom);
    if (node !== graph.zoomed)
      graph.zoomTo(node);
    const [from, to] = state.range.split(',').map(Number), weight = model.tree.weight[node];
    const start = model.tree.start[node];
    if (to > from)
      graph.setRange(start + from * weight, start + to * weight);
    else
      graph.setRange(start, start + weight);
    if (graph.isFlipped !== isFlipped)
      graph.flip(isFlipped);
  }

  showTable() {
    const { table, state } = this, isUp = state.sort.startsWith('-');
    table.key = isUp ? state.sort.slice(1) : state.sort;
    table.isUp = isUp;
    table.show(this.model, this.model.tree, this.graph.zoomed, this.search);
  }

  crumbs() {
    const { tree } = this.model, path = tree.path(this.graph.zoomed), crumbs = [];
    const nHidden = path.length - MAX_CRUMBS;
    path.forEach((node, i) => {
      if (nHidden > 0 && i === 2)
        crumbs.push(makeElement('span', '', `› ${formatCount(nHidden)} more`));
      if (nHidden > 0 && i >= 2 && i < 2 + nHidden)
        return;
      if (i > 0)
        crumbs.push(makeElement('span', '', '›'));
      const button = makeElement('button', '', this.model.functionName(tree.frame[node]));
      button.addEventListener('click', () => this.zoomTo(node));
      crumbs.push(button);
    });
    return crumbs;
  }

  showMatched() {
    const { model, search, graph } = this;
    this.part('matched').textContent = search ? search.totals(model.tree, graph.zoomed).map((sum, c) => {
      const name = model.columns[c].name ? `${model.columns[c].name}: ` : '';
      return `${name}${formatPercent(sum, model.tree.total[c][graph.zoomed])} matched, ${model.formatValue(sum, c)}`;
    }).join(' · ') : this.searchError;
  }

  // The pane that keys go to.
  get pane() {
    return this.state.view === 'sandwich' ? this.sandwich.pane : this.graph;
  }

  // What the details are of: what is marked, else what is zoomed to.
  get current() {
    const { pane } = this;
    return { pane, node: pane.marked >= 0 ? pane.marked : pane.zoomed };
  }

  showDetails() {
    const { model } = this, { pane, node } = this.current;
    if (!pane.tree)
      return;
    const { tree } = pane, frame = tree.frame[node];
    const facts = frame === NO_FRAME ? [] : [model.libraries[frame], model.files[frame], describeWay(tree.ways[node])];
    this.part('frame-name').textContent = [model.functionName(frame), ...facts].filter((text) => text).join('  —  ');
    this.part('numbers').textContent =
      describeNode(model, tree, node, pane.zoomed, pane === this.sandwich.callers).join('\n');
  }

  onDrawn() {
    const panes = this.state.view === 'sandwich' ? this.sandwich.panes : [this.graph];
    const nSmall = panes.reduce((sum, pane) => sum + pane.nSmall, 0);
    this.part('small').textContent = nSmall > 0
      ? `${formatCount(nSmall)} frames narrower than ${MIN_WIDTH} pixels are drawn as one` : '';
    if (!this.hasPainted)
      performance.measure('cpuhound-first-paint', { start: 0, end: performance.now() });
    this.hasPainted = true;
  }

  zoomTo(node) {
    this.graph.marked = node;
    this.change({ zoom: formatZoom(this.model, this.model.tree, node), range: '', view: 'graph' }, true);
  }

  zoomToCurrent() {
    const { pane, node } = this.current;
    pane.on.zoom(node);
  }

  zoomOut() {
    if (this.graph.zoomed !== ROOT)
      this.zoomTo(this.model.tree.parent[this.graph.zoomed]);
  }

  keepRange() {
    const { graph, model: { tree } } = this, weight = tree.weight[graph.zoomed];
    const part = (value) => ((value - tree.start[graph.zoomed]) / weight).toPrecision(9);
    const isAll = graph.to - graph.from >= weight;
    this.state.range = isAll ? '' : `${part(graph.from)},${part(graph.to)}`;
    this.onState(shortState(this.state), false);
  }

  openSandwich(frame) {
    if (frame !== NO_FRAME)
      this.change({ view: 'sandwich', of: this.model.frameId(frame) }, true);
  }

  openCurrent() {
    const { pane, node } = this.current;
    this.openSandwich(pane.tree.frame[node]);
  }

  copyName() {
    const { pane, node } = this.current;
    copyText(this.model.functionName(pane.tree.frame[node]));
  }

  nextColor() {
    const { options, selectedIndex } = this.part('color');
    this.change({ color: options[(selectedIndex + 1) % options.length].value }, false);
  }

  turnOver() {
    this.change({ flip: this.state.flip ? '' : '1' }, false);
  }

  escape() {
    this.part('search').blur();
    if (this.state.q)
      this.change({ q: '' }, false);
    else
      this.change({ view: 'graph' }, true);
  }
}
