// SPDX-License-Identifier: Apache-2.0
// state: all that a user has set of a view, as short texts, so that the address of a page can keep it and a link shows
// the same again.
//
//	view  graph, top or sandwich      zoom   ids of the functions from the root to what is zoomed to
//	q     what is searched for        range  part of what is zoomed to, of 1
//	color kind, library or change     flip   1: roots at the bottom
//	sort  a column, '-' for upwards   of     id of the function of the sandwich

import { ROOT } from './tree.js';

const VIEWS = ['graph', 'top', 'sandwich'];
export const DEFAULTS = { view: 'graph', zoom: '', range: '', q: '', color: '', flip: '', of: '', sort: 'self' };

// All of a state of which some is given, from wherever.
export function completeState(given) {
  const state = {};
  for (const name of Object.keys(DEFAULTS))
    state[name] = given[name] || DEFAULTS[name];
  if (!VIEWS.includes(state.view))
    state.view = DEFAULTS.view;
  return state;
}

// What of it is worth keeping.
export function shortState(state) {
  return Object.fromEntries(Object.entries(state).filter(([name, text]) => text !== DEFAULTS[name]));
}

export function formatZoom(model, tree, node) {
  return tree.path(node).slice(1).map((i) => model.frameId(tree.frame[i])).join('.');
}

// As far as the path goes in this tree.
export function parseZoom(model, tree, text) {
  let node = ROOT;
  for (const id of text ? text.split('.') : []) {
    const child = [...tree.children(node)].find((i) => model.frameId(tree.frame[i]) === id);
    if (child === undefined)
      break;
    node = child;
  }
  return node;
}
