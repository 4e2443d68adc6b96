// SPDX-License-Identifier: Apache-2.0
// range: which time is looked at: the last hour, or from and to; the way back from a selected one; and refreshing.

import { joinRange, splitRange } from './address.js';
import { find, make, makeSelect } from './dom.js';
import { describeRange, formatInstant, instantOf, shortRange, wordOf } from './format.js';

const PRESETS = ['15m', '1h', '6h', '24h', '7d'];
const EVERY = [['', 'off'], ['10', '10 s'], ['30', '30 s'], ['60', '1 min'], ['300', '5 min']];

export class Range {
  // page: { state, go(changes), refresh(), tell(text) }.
  constructor(page) {
    this.page = page;
    this.presets = PRESETS.map((since) => make('button', { type: 'button', title: `the last ${since}`,
      onclick: () => page.go({ since, until: '', outer: '' }) }, since));
    this.from = make('input', { 'aria-label': 'from', name: 'from', placeholder: '2h', autocomplete: 'off' });
    this.to = make('input', { 'aria-label': 'to', name: 'to', placeholder: 'now', autocomplete: 'off' });
    this.label = make('span', {});
    this.custom = make('details', { class: 'menu' }, make('summary', { title: 'another time' }, this.label),
      make('form', { onsubmit: (event) => this.onCustom(event) },
        make('label', {}, 'from ', this.from), make('label', {}, 'to ', this.to),
        make('p', { class: 'soft' }, '2h, 7d: so long ago; or 2026-11-29 01:42, UTC'), make('button', {}, 'show')));
    this.back = make('button', { type: 'button', class: 'quiet', title: 'the range before (o)',
      onclick: () => this.zoomOut() });
    const step = (text, title, by) => make('button', { type: 'button', class: 'quiet', title, 'aria-label': title,
      onclick: () => this.shift(by) }, text);
    find('range').append(this.back, step('‹', 'earlier ([)', -1), ...this.presets, this.custom,
      step('›', 'later (])', 1));
    this.again = make('button', { type: 'button', title: 'refresh (.)', 'aria-label': 'refresh',
      onclick: () => page.refresh() }, '↻');
    this.every = make('span', {});
    find('refresh').append(this.again, this.every);
  }

  show(state) {
    const isPreset = state.until === '' && PRESETS.includes(state.since);
    for (const button of this.presets)
      button.setAttribute('aria-pressed', String(isPreset && button.textContent === state.since));
    this.label.textContent = isPreset ? 'custom' : shortRange(state.since, state.until);
    this.label.title = isPreset ? '' : describeRange(state.since, state.until);
    this.custom.classList.toggle('is-set', !isPreset);
    this.from.value = state.since;
    this.to.value = state.until;
    this.back.hidden = state.outer === '';
    const outer = splitRange(state.outer);
    this.back.textContent = `↩ ${shortRange(outer.since, outer.until)}`;
    this.every.replaceChildren(makeSelect('refresh by itself', EVERY, state.every, (every) =>
      this.page.go({ every }, false)));
    this.setTimer(Number(state.every));
  }

  setTimer(everyS) {
    if (this.everyS === everyS)
      return;
    clearInterval(this.timer);
    this.everyS = everyS;
    this.timer = everyS >= 1 ? setInterval(() => document.hidden || this.page.refresh(), 1000 * everyS) : null;
  }

  onCustom(event) {
    event.preventDefault();
    const since = wordOf(this.from.value, Date.now()), until = wordOf(this.to.value.replace(/^now$/, ''), Date.now());
    this.custom.open = false;
    this.page.go({ since: since || '1h', until, outer: '' });
  }

  // A part of what is shown; the way back leads to what was there first.
  select(fromMs, toMs) {
    const { since, until, outer } = this.page.state;
    this.page.go({ since: formatInstant(fromMs), until: formatInstant(toMs), outer: outer || joinRange(since, until) });
  }

  zoomOut() {
    if (this.page.state.outer)
      this.page.go({ ...splitRange(this.page.state.outer), outer: '' });
  }

  // By half of what is shown.
  shift(by) {
    const { since, until } = this.page.state, now = Date.now();
    const from = instantOf(since, now), to = instantOf(until, now), step = by * (to - from) / 2;
    if (Number.isFinite(step))
      this.page.go({ since: formatInstant(from + step), until: formatInstant(to + step) });
  }
}
