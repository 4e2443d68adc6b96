// SPDX-License-Identifier: Apache-2.0
// matchers: what labels must be, as the commands take it (service=api, host=~web-.*), what beside them selects stacks,
// and what could be typed: the store's own labels and values.

import { getJson } from './api.js';
import { formatCores, formatCount, plural } from './format.js';
import { selection } from './questions.js';

const MATCHER = /^([A-Za-z_][A-Za-z_0-9]*)(=~|!~|!=|=)([^]*)$/;
const USUAL_NAMES = ['service', 'host', 'version', 'container'];
const MAX_SHOWN = 20;
const N_FRAMES = 200; // functions, libraries ... that are looked through

// Beside labels: names that the page takes for parts of stacks.
export const STACK_PARTS = {
  function: 'stacks through this function',
  library: 'stacks through this library or program',
  file: 'stacks through this source file',
  category: 'stacks with this kind of work in them',
  stack: 'a regular expression on "root;...;leaf"',
};

export const NO_PARTS = Object.fromEntries(Object.keys(STACK_PARTS).map((name) => [name, '']));

// { key, operator, value }, or null.
export function parseMatcher(text) {
  const parts = MATCHER.exec(text);
  return parts && { key: parts[1], operator: parts[2], value: parts[3] };
}

// What it changes in the state; a text: why it cannot be.
export function filterOf(state, text) {
  const matcher = parseMatcher(text);
  if (!matcher)
    return `"${text}" is no filter: take LABEL=VALUE, or !=, =~, !~`;
  if (!STACK_PARTS[matcher.key])
    return state.match.includes(text) ? {} : { match: [...state.match, text] };
  if (matcher.operator === '=' && matcher.value)
    return { [matcher.key]: matcher.value };
  return `"${matcher.key}" takes "=" and a text`;
}

function takes(text, part) {
  return text.toLowerCase().includes(part.toLowerCase());
}

function countHint(n) {
  return n === undefined || n === null ? '' : plural(n, 'value');
}

// [{ name, n_values }]; a server that cannot tell has those that most have. service is what people call service_name.
async function listNames(state, signal) {
  const { labels } = await getJson('labels', selection(state), signal);
  const names = labels.length > 0 ? labels : USUAL_NAMES.map((name) => ({ name }));
  return names.map((label) => label.name === 'service_name' ? { ...label, name: 'service' } : label);
}

async function suggestNames(state, text, signal, hasParts) {
  const names = (await listNames(state, signal)).map(({ name, n_values: n }) =>
    ({ text: `${name}=`, hint: countHint(n), isPart: true }));
  const parts = hasParts ? Object.entries(STACK_PARTS).map(([name, hint]) => ({ text: `${name}=`, hint, isPart: true }))
    : [];
  return [...names, ...parts].filter((option) => takes(option.text, text)).slice(0, MAX_SHOWN);
}

// A server may tell how much a value burns, or how often it is there, or neither.
function valueHint({ cores, n }) {
  if (cores !== undefined && cores !== null)
    return `${formatCores(cores)} cores`;
  return n === undefined || n === null ? '' : formatCount(n);
}

async function suggestValues(state, { key, operator, value }, signal) {
  const pairs = [...selection(state), ['key', key], ['prefix', value], ['n', MAX_SHOWN]];
  const answer = await getJson('labels', pairs.filter(([, text]) => text !== ''), signal);
  const options = answer.values.map((entry) => ({ text: `${key}${operator}${entry.value}`, hint: valueHint(entry) }));
  const more = { text: '', hint: `and ${formatCount(answer.n_more)} more: type on` };
  return answer.n_more > 0 ? [...options, more] : options;
}

async function suggestFrames(state, { key, value }, signal) {
  const pairs = [...selection({ ...state, ...NO_PARTS }), ['by', key], ['n', N_FRAMES]];
  const { groups } = await getJson('hogs', pairs, signal);
  const names = new Map();
  for (const group of groups)
    names.set(group.key[key], Math.max(group.total.cores, names.get(group.key[key]) || 0));
  return [...names].filter(([name]) => !name.startsWith('[') && takes(name, value)).slice(0, MAX_SHOWN)
    .map(([name, cores]) => ({ text: `${key}=${name}`, hint: `${formatCores(cores)} cores` }));
}

// hasParts: also those of stacks: function=, library= ....
export async function suggestMatchers(state, text, signal, hasParts) {
  const matcher = parseMatcher(text);
  if (!matcher)
    return suggestNames(state, text, signal, hasParts);
  if (matcher.operator.endsWith('~') || matcher.key === 'stack')
    return []; // expressions are typed
  return hasParts && STACK_PARTS[matcher.key] ? suggestFrames(state, matcher, signal)
    : suggestValues(state, matcher, signal);
}

export async function suggestKeys(state, text, signal, others) {
  const options = (await listNames(state, signal)).map(({ name, n_values: n }) =>
    ({ text: name, hint: countHint(n) }));
  return [...others.map((name) => ({ text: name, hint: 'of stacks' })), ...options]
    .filter((option) => takes(option.text, text)).slice(0, MAX_SHOWN);
}
