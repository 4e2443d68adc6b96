// SPDX-License-Identifier: Apache-2.0
// address: all that a user has set, in the fragment of the page's address, so that a link shows the same again. What is
// as it is at first is left out.
//
//	view    hogs, flame or diff
//	since, until      as the commands take them: 1h, 2026-11-29T01:42:42Z; outer: "since..until" before a range was
//	                  selected in the timeline
//	match, stack, function, library, file, category, domain     what is selected; match may come several times
//	by, n, sort, vs, callers, outliers, min_cores    of the table
//	roots   labels at the root of the graph
//	with    of a comparison: earlier, range or labels; before, after: "since..until"; before_match, several
//	diff_by, diff_sort, normalize, draw    of a comparison: rows, their order, scale, table or graph
//	every   seconds between refreshes
//	g.NAME  what the graph has set (web/viewer/state.js)

const VIEWS = ['hogs', 'flame', 'diff'];
const GRAPH = 'g.';
const LISTS = ['match', 'before_match'];
const DEFAULTS = {
  view: 'hogs', since: '1h', until: '', outer: '', stack: '', function: '', library: '', file: '', category: '',
  domain: '', by: 'service', n: '50', sort: 'self', vs: '', callers: '', outliers: '', min_cores: '', roots: '', with: 'earlier', before: '',
  after: '', diff_by: 'function', diff_sort: '-rank', normalize: 'time', draw: 'table', every: '',
};

export function readAddress(text) {
  const given = new URLSearchParams(text.replace(/^#/, ''));
  const state = { graph: {} };
  for (const name of Object.keys(DEFAULTS))
    state[name] = given.get(name) || DEFAULTS[name];
  for (const name of LISTS)
    state[name] = [...new Set(given.getAll(name))];
  for (const [name, value] of given)
    if (name.startsWith(GRAPH))
      state.graph[name.slice(GRAPH.length)] = value;
  if (!VIEWS.includes(state.view))
    state.view = DEFAULTS.view;
  return state;
}

export function formatAddress(state) {
  const parameters = new URLSearchParams();
  for (const name of Object.keys(DEFAULTS))
    if (state[name] !== DEFAULTS[name])
      parameters.set(name, state[name]);
  for (const name of LISTS)
    for (const value of state[name])
      parameters.append(name, value);
  for (const [name, value] of Object.entries(state.graph))
    if (value)
      parameters.set(`${GRAPH}${name}`, value);
  return `#${parameters}`;
}

// isStep: the browser's back button comes back to what was before.
export function writeAddress(state, isStep) {
  const text = formatAddress(state);
  if (text === (location.hash || '#'))
    return;
  if (isStep)
    history.pushState(null, '', text);
  else
    history.replaceState(null, '', text);
}

// "since..until" of an address, either of which may be empty.
export function splitRange(text) {
  const [since, until = ''] = text.split('..');
  return { since, until };
}

export function joinRange(since, until) {
  return `${since}..${until}`;
}
