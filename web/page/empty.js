// SPDX-License-Identifier: Apache-2.0
// empty: what is said, and what can be done, where nothing is there to be shown.

import { find, make } from './dom.js';
import { describeRange } from './format.js';
import { Filters } from './filters.js';

function adviceOf({ takes_windows: takesWindows, store }) {
  if (takesWindows)
    return 'No host has pushed anything? Give its agent a [target hub] with the address of this server, and ' +
      '"systemctl reload cpuhound" there.';
  return store === 'local' ? 'Nothing at all? Start "cpuhound agent" on this host.'
    : 'Nothing at all? See whether agents push to that store: "cpuhound status" on their hosts.';
}

export class Empty {
  // page: { state, about, go(changes) }.
  constructor(page) {
    this.page = page;
    this.root = find('empty');
  }

  // Of the table's answer: whether there is nothing.
  show({ recorded, sum }) {
    const hasWindows = recorded.n_windows > 0, isEmpty = sum.self.n_samples === 0;
    this.root.hidden = !isEmpty;
    if (isEmpty)
      this.root.replaceChildren(...this.parts(hasWindows));
    return isEmpty;
  }

  parts(hasWindows) {
    const { state, about } = this.page, hasFilters = Filters.isSet(state);
    const range = describeRange(state.since, state.until);
    const go = (text, changes) => make('button', { type: 'button', onclick: () => this.page.go(changes) }, text);
    return [make('h2', {}, hasWindows ? `No sample is selected in ${range}.` : `Nothing was recorded in ${range}.`),
      make('p', {}, hasFilters ? go('without filters', Filters.none) : '', ' ',
        go('the last 7 days', { since: '7d', until: '', outer: '' })),
      ...hasWindows || !about ? [] : [make('p', { class: 'soft' }, adviceOf(about))]];
  }
}
