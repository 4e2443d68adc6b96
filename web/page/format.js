// SPDX-License-Identifier: Apache-2.0
// format: numbers and times as people read them. Times are UTC, as everywhere in cpuhound.

export const NS_PER_MS = 1e6;
const UNKNOWN = '–';
const UNITS_S = { s: 1, m: 60, h: 3600, d: 86400 };

// Marks that turn the writing direction around would make names lie.
const DIRECTION_MARKS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function safeText(text) {
  return text.replace(DIRECTION_MARKS, '\ufffd');
}

// Of a label, which may not be there.
export function valueText(value) {
  return value === '' ? '(none)' : safeText(value);
}

export function formatCount(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function plural(n, what) {
  return `${formatCount(n)} ${what}${n === 1 ? '' : 's'}`;
}

export function formatCores(cores) {
  return cores === null || cores === undefined ? UNKNOWN : cores.toFixed(3);
}

export function formatSigned(cores) {
  return `${cores > 0 ? '+' : ''}${cores.toFixed(3)}`;
}

export function formatShare(share) {
  return share === null || share === undefined ? UNKNOWN : `${(100 * share).toFixed(1)} %`;
}

// As few digits as tell it apart from nothing.
export function formatSmallShare(share) {
  return share === null ? 'unknown' : `${Number((100 * share).toPrecision(2))} %`;
}

export function formatTime(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

export function formatInstant(ms) {
  return `${new Date(Math.round(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

// "2 d 3 h", "59 min 50 s": the two largest parts.
export function formatSpan(ms) {
  const s = Math.round(ms / 1000);
  const parts = [[Math.floor(s / 86400), 'd'], [Math.floor(s / 3600) % 24, 'h'], [Math.floor(s / 60) % 60, 'min'],
    [s % 60, 's']];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0)
    return '0 s';
  return parts.slice(first, first + 2).filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`).join(' ');
}

// When a word of --since is: ms since 1970, or NaN. An empty one is now.
export function instantOf(word, nowMs) {
  const ago = /^(\d+)([smhd]?)$/.exec(word);
  if (word === '')
    return nowMs;
  return ago ? nowMs - 1000 * Number(ago[1]) * UNITS_S[ago[2] || 's'] : Date.parse(word);
}

// What people type for a time: also "2026-11-29 01:42" and "01:42" of today, UTC.
export function wordOf(text, nowMs) {
  const word = text.trim();
  const clock = /^(?:(\d{4}-\d\d-\d\d)[T ])?(\d\d:\d\d)(:\d\d)?Z?$/.exec(word);
  if (/^\d{4}-\d\d-\d\d$/.test(word))
    return `${word}T00:00:00Z`;
  if (!clock)
    return word;
  return `${clock[1] || formatInstant(nowMs).slice(0, 10)}T${clock[2]}${clock[3] || ':00'}Z`;
}

export function describeRange(since, until) {
  if (until === '')
    return /^\d+[smhd]?$/.test(since) ? `the last ${since}` : `since ${since}`;
  return `${since} to ${until}`;
}

// The same where there is little room: "11-29 20:05 to 20:45".
export function shortRange(since, until) {
  const parts = /^\d{4}-(\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?/, from = parts.exec(since), to = parts.exec(until);
  if (!from || !to)
    return describeRange(since, until);
  const isShort = Date.parse(until) - Date.parse(since) < 600_000, clock = (m) => isShort ? m[2] + (m[3] || '') : m[2];
  return `${from[1]} ${clock(from)} to ${from[1] === to[1] ? '' : `${to[1]} `}${clock(to)}`;
}
