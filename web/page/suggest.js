// SPDX-License-Identifier: Apache-2.0
// suggest: an input that knows what could be typed: a list below it, gone through with the arrow keys or a pointer.

import { make, makeName } from './dom.js';
import { isAborted } from './api.js';

const DELAY_MS = 120; // between a key and the question
let nLists = 0;

export class Suggest {
  // list(text, signal): promise of [{ text, hint, isPart }], isPart: more is to be typed behind it.
  // pick(text): it was chosen, or typed and ended with Enter; false: it stays, to be corrected.
  constructor({ label, placeholder, list, pick }) {
    this.list = list;
    this.pick = pick;
    this.options = [];
    this.selected = -1;
    const id = `suggest-${nLists++}`;
    this.input = make('input', { type: 'text', role: 'combobox', 'aria-label': label, placeholder, 'aria-controls': id,
      'aria-expanded': 'false', 'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: 'false', size: 1 });
    this.box = make('ul', { id, role: 'listbox', 'aria-label': label, hidden: true });
    this.root = make('span', { class: 'suggest' }, this.input, this.box);
    for (const type of ['focus', 'input'])
      this.input.addEventListener(type, () => this.update());
    this.input.addEventListener('blur', () => this.close());
    this.input.addEventListener('keydown', (event) => this.onKey(event));
  }

  async update() {
    this.stop();
    this.selected = -1; // it was of another text
    const { signal } = this.controller = new AbortController();
    try {
      await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
      if (!signal.aborted)
        this.open(await this.list(this.input.value, signal), signal);
    } catch (error) {
      if (!isAborted(error) && !signal.aborted)
        this.open([{ text: '', hint: error.message }], signal);
    }
  }

  open(options, signal) {
    if (signal.aborted)
      return;
    this.options = options.filter(({ text }) => text);
    this.box.replaceChildren(...options.map((option, i) => this.makeOption(option, i)));
    this.box.hidden = options.length === 0;
    this.input.setAttribute('aria-expanded', String(!this.box.hidden));
    this.input.removeAttribute('aria-activedescendant');
  }

  makeOption({ text, hint = '' }, i) {
    const option = make('li', { id: `${this.box.id}-${i}`, role: 'option', 'aria-selected': 'false' }, makeName(text),
      make('span', { class: 'soft' }, hint));
    option.addEventListener('pointerdown', (event) => {
      event.preventDefault(); // the input keeps the focus
      if (text)
        this.choose(this.options[i]);
    });
    return option;
  }

  stop() {
    if (this.controller)
      this.controller.abort();
  }

  close() {
    this.stop();
    this.selected = -1;
    this.box.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
  }

  move(step) {
    const n = this.options.length;
    if (n === 0)
      return;
    this.selected = (this.selected + step + n + (this.selected < 0 && step < 0)) % n;
    [...this.box.children].forEach((option, i) => option.setAttribute('aria-selected', String(i === this.selected)));
    const option = this.box.children[this.selected];
    this.input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  }

  choose({ text, isPart }) {
    this.input.value = text;
    if (isPart)
      this.update();
    else if (this.pick(text) !== false)
      this.clear();
  }

  clear() {
    this.input.value = '';
    this.close();
  }

  onKey(event) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp')
      this.move(event.key === 'ArrowDown' ? 1 : -1);
    else if (event.key === 'Enter' && this.selected >= 0)
      this.choose(this.options[this.selected]);
    else if (event.key === 'Enter' && this.input.value.trim())
      this.choose({ text: this.input.value.trim() });
    else if (event.key === 'Escape' && !this.box.hidden)
      this.close();
    else if (event.key === 'Escape')
      this.input.blur();
    else
      return;
    event.preventDefault();
    event.stopPropagation();
  }
}
