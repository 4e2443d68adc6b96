// SPDX-License-Identifier: Apache-2.0
// questions: what of the page's state the server is asked (report/question.h): pairs of names and values.

import { splitRange } from './address.js';

const TIMELINE_GROUPS = 8;
const MAX_POINTS = 400;
const FRAME_KEYS = ['function', 'library', 'file', 'category'];

export function keysOf(by) {
  return by.split(',').filter((key) => key);
}

export function isFrameKey(key) {
  return FRAME_KEYS.includes(key);
}

export function isOfFrames(by) {
  return keysOf(by).some(isFrameKey);
}

function given(state, names) {
  return names.filter((name) => state[name]).map((name) => [name, state[name]]);
}

// What is selected, of a time that may be another than that of the page.
export function selection(state, { since, until } = state) {
  return [...given({ since, until }, ['since', 'until']), ...state.match.map((text) => ['match', text]),
    ...given(state, ['stack', 'function', 'library', 'file', 'category', 'domain'])];
}

export function hogsQuestion(state) {
  const callers = isOfFrames(state.by) && keysOf(state.by).includes('function') ? ['callers'] : [];
  return [...selection(state), ...given(state, ['by', 'n', 'vs', ...callers, 'outliers', 'min_cores'])];
}

export function timelineQuestion(state, points) {
  return [...selection(state), ['by', state.by], ['n', TIMELINE_GROUPS], ['points', Math.min(points, MAX_POINTS)]];
}

export function flameQuestion(state) {
  return [...selection(state), ...given({ by: state.roots }, ['by'])];
}

export function earlierOf(state) {
  return state.vs || '1d';
}

// The side before, and the time of the side after.
function sides(state) {
  const before = splitRange(state.before);
  switch (state.with) {
  case 'range':
    return [...selection(state, state.after ? splitRange(state.after) : state),
      ...given({ before_since: before.since, before_until: before.until }, ['before_since', 'before_until'])];
  case 'labels':
    return [...selection(state), ...state.before_match.map((text) => ['before_match', text])];
  default:
    return [...selection(state), ['vs', earlierOf(state)]];
  }
}

// Whether there is something to compare with.
export function isComparison(state) {
  return state.with === 'range' ? state.before !== '' : state.with !== 'labels' || state.before_match.length > 0;
}

export function diffQuestion(state) {
  return [...sides(state), ['by', state.diff_by], ['normalize', state.normalize], ...given(state, ['n'])];
}

export function twoColumnsQuestion(state) {
  return [...sides(state), ...given({ by: state.roots }, ['by']), ['normalize', state.normalize]];
}

export function exportQuestion(state, format) {
  return [...selection(state), ['format', format], ...given({ by: format === 'pprof' ? '' : state.roots }, ['by'])];
}
