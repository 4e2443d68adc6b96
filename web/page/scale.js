// SPDX-License-Identifier: Apache-2.0
// scale: where the marks of an axis go, and what is written at them.

import { formatInstant } from './format.js';

const STEPS_S = [1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
const DAY_S = 86400;

// Round numbers from 0 to max and not far beyond it: some three of them.
export function valueTicks(max) {
  const rough = (max || 1) / 3, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough);
  return Array.from({ length: Math.ceil((max || 1) / step) + 1 }, (_, i) => i * step);
}

// As few digits as tell the ticks apart.
export function formatTick(value, ticks) {
  const digits = Math.max(0, -Math.floor(Math.log10(ticks[1]) + 1e-9));
  return value.toFixed(Math.min(digits, 6));
}

// Times between two, at most n of them: [{ ms, text }]; a day's beginning has its date.
export function timeTicks(fromMs, toMs, n) {
  const spanS = (toMs - fromMs) / 1000;
  const step = STEPS_S.find((s) => spanS / s <= n) || DAY_S * Math.ceil(spanS / DAY_S / n);
  const ticks = [];
  for (let s = Math.ceil(fromMs / 1000 / step) * step; s * 1000 <= toMs; s += step) {
    const text = formatInstant(s * 1000);
    ticks.push({ ms: s * 1000, text: s % DAY_S === 0 ? text.slice(5, 10) : text.slice(11, step < 60 ? 19 : 16) });
  }
  return ticks;
}
