// SPDX-License-Identifier: Apache-2.0
// keys input: what groups are made by: chips of keys, and an input with the store's labels.

import { make } from './dom.js';
import { makeChip } from './filters.js';
import { suggestKeys } from './matchers.js';
import { keysOf } from './questions.js';
import { Suggest } from './suggest.js';

const KEY = /^[A-Za-z_][A-Za-z_0-9]*$/;

export class KeysInput {
  // others: keys beside labels. set(text): "service,version".
  constructor({ page, label, placeholder, others, set }) {
    this.page = page;
    this.set = set;
    this.chips = make('span', { class: 'chips' });
    this.suggest = new Suggest({
      label, placeholder,
      list: (text, signal) => suggestKeys(page.state, text, signal, others),
      pick: (text) => this.add(text),
    });
    this.root = make('span', { class: 'keys-input' }, this.chips, this.suggest.root);
  }

  add(text) {
    if (!KEY.test(text)) {
      this.page.tell(`"${text}" is no label: names are letters, digits and _`);
      return false;
    }
    if (!this.keys.includes(text))
      this.set([...this.keys, text].join(','));
    return true;
  }

  // isTold: elsewhere, so there are no chips.
  show(text, isTold = false) {
    this.keys = keysOf(text);
    this.chips.replaceChildren(...isTold ? [] : this.keys.map((key) => makeChip(key, () =>
      this.set(this.keys.filter((other) => other !== key).join(',')))));
  }
}
