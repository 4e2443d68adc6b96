// SPDX-License-Identifier: Apache-2.0
// state: all that a user has set, in the fragment of the page's address, so that a link shows the same again.
//
//	view  graph, top or sandwich      zoom   ids of the functions from the root to what is zoomed to
//	q     what is searched for        range  part of what is zoomed to, of 1
//	color kind, library or change     flip   1: roots at the bottom
//	theme light or dark               of     id of the function of the sandwich
//	sort  a column, '-' for upwards

const VIEWS = ['graph', 'top', 'sandwich'];
const DEFAULTS = { view: 'graph', zoom: '', range: '', q: '', color: '', flip: '', theme: '', of: '', sort: 'self' };

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  const state = {};
  for (const name of Object.keys(DEFAULTS))
    state[name] = given.get(name) || DEFAULTS[name];
  if (!VIEWS.includes(state.view))
    state.view = DEFAULTS.view;
  return state;
}

function formatState(state) {
  const parameters = new URLSearchParams();
  for (const name of Object.keys(DEFAULTS))
    if (state[name] !== DEFAULTS[name])
      parameters.set(name, state[name]);
  return `#${parameters}`;
}

// isStep: the browser's back button comes back to what was before.
function writeState(state, isStep) {
  const hash = formatState(state);
  if (hash === location.hash || (hash === '#' && location.hash === ''))
    return;
  if (isStep)
    history.pushState(null, '', hash);
  else
    history.replaceState(null, '', hash);
}

function formatZoom(model, tree, node) {
  return tree.path(node).slice(1).map((i) => model.frameId(tree.frame[i])).join('.');
}

// As far as the path goes in this tree.
function parseZoom(model, tree, text) {
  let node = ROOT;
  for (const id of text ? text.split('.') : []) {
    const child = [...tree.children(node)].find((i) => model.frameId(tree.frame[i]) === id);
    if (child === undefined)
      break;
    node = child;
  }
  return node;
}
