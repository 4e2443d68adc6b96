// SPDX-License-Identifier: Apache-2.0
// viewer: the page: what its controls and keys do, and what is shown of the state that they set.

const MAX_CRUMBS = 8;

const $ = (id) => document.getElementById(id);

// Works where the page comes over plain HTTP, too, unlike navigator.clipboard.
function copyText(text) {
  const area = makeElement('textarea', '');
  const focused = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  if (focused)
    focused.focus();
}

class Viewer {
  constructor(model) {
    this.model = model;
    this.search = null;
    this.hasPainted = false;
    this.makePanes();
    this.table = new Table($('top'), {
      open: (frame) => this.openSandwich(frame),
      find: (frame) => this.set({ q: escapeRegex(model.functions[frame]), view: 'graph' }, true),
      sorted: (key, isUp) => this.set({ sort: `${isUp ? '-' : ''}${key}` }, false),
    });
    this.keys = this.listKeys();
    this.fillPage();
    this.listen();
    this.restore();
  }

  makePanes() {
    this.graph = this.makePane('graph', (node) => this.zoomTo(node));
    this.callers = this.makePane('callers', (node) => this.openSandwich(this.callers.tree.frame[node]));
    this.callees = this.makePane('callees', (node) => this.openSandwich(this.callees.tree.frame[node]));
    this.callers.isFlipped = true;
    this.sandwichPane = this.callees;
  }

  makePane(id, zoom) {
    const pane = new Pane($(id), {
      marked: () => this.onMarked(pane), zoom, moved: () => this.keepRange(), drawn: () => this.onDrawn(),
    });
    return pane;
  }

  onMarked(pane) {
    if (pane !== this.graph)
      this.sandwichPane = pane;
    this.showDetails();
  }

  fillPage() {
    const { model } = this, quality = describeQuality(model);
    const by = model.by.length > 0 ? `, by ${model.by.join(', ')}` : '';
    $('title').textContent = document.title = `${model.title}${by}`.replace(DIRECTION_MARKS, '\ufffd');
    $('totals').textContent = model.columns.map((_, c) => describeColumn(model, c)).join('\n');
    $('quality-line').textContent = quality.line;
    $('reasons').replaceChildren(...quality.reasons.map((text) => makeElement('li', '', text)));
    for (const mode of model.isDiff ? ['change', 'kind', 'library'] : ['kind', 'library'])
      $('color').append(new Option(mode, mode));
    for (const { keys, what } of this.keys)
      $('keys').append(makeElement('dt', '', keys.join(' ').replace(/Arrow/g, '')), makeElement('dd', '', what));
  }

  listKeys() {
    const step = (direction) => () => this.pane.step(direction);
    const zoomBy = (factor) => () => {
      this.graph.zoomBy(factor, this.graph.canvas.clientWidth / 2);
      this.keepRange();
    };
    return [
      { keys: ['/'], what: 'search', run: () => $('search').select() },
      { keys: ['Escape'], what: 'end the search, or leave what is open', run: () => this.escape() },
      { keys: ['ArrowUp', 'k'], what: 'to the caller', run: step('out') },
      { keys: ['ArrowDown', 'j'], what: 'to the largest callee', run: step('in') },
      { keys: ['ArrowLeft', 'h'], what: 'to the neighbour on the left', run: step('left') },
      { keys: ['ArrowRight', 'l'], what: 'to the neighbour on the right', run: step('right') },
      { keys: ['Enter'], what: 'zoom to what is marked', run: () => this.pane.on.zoom(this.current.node) },
      { keys: ['Backspace', 'u'], what: 'zoom out by one frame', run: () => this.zoomOut() },
      { keys: ['0', 'r'], what: 'zoom out to all', run: () => this.zoomTo(ROOT) },
      { keys: ['+'], what: 'zoom in', run: zoomBy(0.8) },
      { keys: ['-'], what: 'zoom out', run: zoomBy(1.25) },
      { keys: ['g'], what: 'the graph', run: () => this.set({ view: 'graph' }, true) },
      { keys: ['t'], what: 'the functions', run: () => this.set({ view: 'top' }, true) },
      { keys: ['s'], what: 'callers and callees of what is marked', run: () => this.openCurrent() },
      { keys: ['i'], what: 'turn the graph over', run: () => this.set({ flip: this.state.flip ? '' : '1' }, false) },
      { keys: ['m'], what: 'the next way of coloring', run: () => this.nextColor() },
      { keys: ['d'], what: 'light or dark', run: () => this.switchTheme() },
      { keys: ['c'], what: 'copy the name', run: () => this.copyName() },
      { keys: ['?'], what: 'this list', run: () => $('help').showModal() },
    ];
  }

  listen() {
    for (const button of $('views').children)
      button.addEventListener('click', () => this.set({ view: button.dataset.view }, true));
    $('search').addEventListener('input', () => this.set({ q: $('search').value }, false));
    $('color').addEventListener('change', () => this.set({ color: $('color').value }, false));
    $('flip').addEventListener('click', () => this.set({ flip: this.state.flip ? '' : '1' }, false));
    $('theme').addEventListener('click', () => this.switchTheme());
    $('help-button').addEventListener('click', () => $('help').showModal());
    $('copy').addEventListener('click', () => this.copyName());
    $('open').addEventListener('click', () => this.openCurrent());
    document.addEventListener('keydown', (event) => this.onKey(event));
    /* Enter is for the graph again once the mouse has pressed a button. */
    document.addEventListener('click', (event) => event.detail > 0 && this.leaveButton());
    $('help').addEventListener('close', () => this.leaveButton());
    window.addEventListener('popstate', () => this.restore());
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.apply());
    new ResizeObserver(() => this.redraw()).observe(document.querySelector('main'));
  }

  onKey(event) {
    const isTyping = event.target.matches('input, select, dialog, dialog *');
    if (event.ctrlKey || event.metaKey || event.altKey || (isTyping && event.key !== 'Escape'))
      return;
    if (event.key === 'Enter' && event.target.matches('button, summary'))
      return;
    const found = this.keys.find(({ keys }) => keys.includes(event.key));
    if (found && !$('help').open) {
      event.preventDefault();
      found.run();
    }
  }

  leaveButton() {
    if (document.activeElement.matches('button'))
      document.activeElement.blur();
  }

  redraw() {
    for (const pane of [this.graph, this.callers, this.callees])
      if (pane.scroller.clientWidth > 0)
        pane.redraw();
    this.table.fill();
  }

  // The state is changed, shown, and kept in the address of the page.
  set(changes, isStep) {
    Object.assign(this.state, changes);
    writeState(this.state, isStep);
    this.apply();
  }

  restore() {
    this.state = readState();
    this.apply();
  }

  apply() {
    const { state, model } = this;
    this.isDark = state.theme ? state.theme === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches;
    document.documentElement.dataset.theme = this.isDark ? 'dark' : 'light';
    this.applyColors();
    this.applySearch();
    for (const section of document.querySelectorAll('section'))
      section.hidden = section.dataset.view !== state.view;
    for (const button of $('views').children)
      button.setAttribute('aria-selected', button.dataset.view === state.view);
    $('flip').textContent = state.flip ? 'roots at the top' : 'roots at the bottom';
    $('theme').textContent = this.isDark ? 'light' : 'dark';
    this.applyZoom();
    if (state.view === 'top')
      this.showTable();
    if (state.view === 'sandwich')
      this.showSandwich();
    $('crumbs').replaceChildren(...this.crumbs());
    this.showMatched(model);
    this.showDetails();
  }

  applyColors() {
    const mode = this.state.color || $('color').options[0].value, key = `${mode} ${this.isDark}`;
    $('color').value = mode;
    if (this.colorsKey === key)
      return;
    this.colorsKey = key;
    this.colors = new Colors(this.model, mode, this.isDark);
    $('legend').replaceChildren(...legendOf(this.model, mode, this.isDark).map(({ color, text }) => {
      const item = makeElement('span', '', text), swatch = makeElement('i', '');
      if (color !== null) {
        swatch.style.background = cssColor(color);
        item.prepend(swatch);
      }
      return item;
    }));
  }

  applySearch() {
    const { q } = this.state;
    this.searchError = '';
    if ($('search').value !== q)
      $('search').value = q;
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
    for (const pane of [this.graph, this.callers, this.callees])
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

  showSandwich() {
    const { model, state } = this, frame = state.of ? model.findFrame(state.of) : NO_FRAME;
    $('sandwich-of').textContent = frame === NO_FRAME
      ? 'Select a function in the graph or in the table: its callers and callees are shown here.'
      : `callers (above) and callees (below) of ${model.functions[frame]}`;
    for (const pane of [this.callers, this.callees])
      pane.scroller.hidden = frame === NO_FRAME;
    if (frame === NO_FRAME)
      return;
    if (this.sandwichFrame !== frame) {
      this.sandwichFrame = frame;
      this.callersTree = callersOf(model.tree, frame, model.nFrames);
      this.calleesTree = calleesOf(model.tree, frame, model.nFrames);
    }
    this.callers.show(model, this.callersTree, this.colors);
    this.callees.show(model, this.calleesTree, this.colors);
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
    if (!search) {
      $('matched').textContent = this.searchError;
      return;
    }
    $('matched').textContent = search.totals(model.tree, graph.zoomed).map((sum, c) => {
      const name = model.columns[c].name ? `${model.columns[c].name}: ` : '';
      return `${name}${formatPercent(sum, model.tree.total[c][graph.zoomed])} matched, ${model.formatValue(sum, c)}`;
    }).join(' · ');
  }

  // The pane that keys go to: in a sandwich the one that was pointed at last.
  get pane() {
    return this.state.view === 'sandwich' ? this.sandwichPane : this.graph;
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
    const facts = frame === NO_FRAME ? [] : [model.libraries[frame], model.files[frame]].filter((text) => text);
    $('name').textContent = [model.functionName(frame), ...facts].join('  —  ');
    $('numbers').textContent = describeNode(model, tree, node, pane.zoomed, pane === this.callers).join('\n');
  }

  onDrawn() {
    const panes = this.state.view === 'sandwich' ? [this.callers, this.callees] : [this.graph];
    const nSmall = panes.reduce((sum, pane) => sum + pane.nSmall, 0);
    $('small').textContent = nSmall > 0
      ? `${formatCount(nSmall)} frames narrower than ${MIN_WIDTH} pixels are drawn as one` : '';
    if (!this.hasPainted)
      performance.measure('cpuhound-first-paint', { start: 0, end: performance.now() });
    this.hasPainted = true;
  }

  zoomTo(node) {
    this.graph.marked = node;
    this.set({ zoom: formatZoom(this.model, this.model.tree, node), range: '', view: 'graph' }, true);
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
    writeState(this.state, false);
  }

  openSandwich(frame) {
    if (frame !== NO_FRAME)
      this.set({ view: 'sandwich', of: this.model.frameId(frame) }, true);
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
    const { options, selectedIndex } = $('color');
    this.set({ color: options[(selectedIndex + 1) % options.length].value }, false);
  }

  switchTheme() {
    this.set({ theme: this.isDark ? 'light' : 'dark' }, false);
  }

  escape() {
    $('search').blur();
    if (this.state.q)
      this.set({ q: '' }, false);
    else
      this.set({ view: 'graph' }, true);
  }
}

function escapeRegex(name) {
  return `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
}
