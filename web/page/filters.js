// SPDX-License-Identifier: Apache-2.0
// filters: what is selected beside the time: a chip for each matcher and part of stacks, an input for more, and whether
// the kernel's code is meant, or the rest.

import { find, make, makeName, makeSelect } from './dom.js';
import { safeText } from './format.js';
import { NO_PARTS, STACK_PARTS, filterOf, suggestMatchers } from './matchers.js';
import { Suggest } from './suggest.js';

const DOMAINS = [['', 'kernel and user'], ['user', 'user code'], ['kernel', 'kernel code']];

export function makeChip(text, onRemove) {
  const name = safeText(text);
  return make('span', { class: 'chip' }, makeName(name), make('button', { type: 'button',
    'aria-label': `remove ${name.slice(0, 200)}`, title: 'remove', onclick: onRemove }, '×'));
}

export class Filters {
  // page: { state, go(changes), tell(text) }.
  constructor(page) {
    this.page = page;
    this.chips = make('span', { class: 'chips' });
    this.suggest = new Suggest({
      label: 'filter', placeholder: 'filter: service=api, function=malloc … ( f )',
      list: (text, signal) => suggestMatchers(page.state, text, signal, true),
      pick: (text) => this.add(text),
    });
    this.domain = make('span', {});
    this.clear = make('button', { type: 'button', class: 'quiet', onclick: () => page.go(Filters.none) }, 'clear');
    find('filters').append(this.chips, this.suggest.root, this.domain, this.clear);
  }

  static get none() {
    return { match: [], ...NO_PARTS, domain: '' };
  }

  static isSet(state) {
    return state.match.length > 0 || [...Object.keys(STACK_PARTS), 'domain'].some((name) => state[name]);
  }

  add(text) {
    const changes = filterOf(this.page.state, text);
    if (typeof changes === 'string') {
      this.page.tell(changes);
      return false;
    }
    this.page.go(changes);
    return true;
  }

  show(state) {
    const { page } = this;
    const matchers = state.match.map((text) => makeChip(text, () =>
      page.go({ match: page.state.match.filter((other) => other !== text) })));
    const parts = Object.keys(STACK_PARTS).filter((name) => state[name]).map((name) =>
      makeChip(`${name}${name === 'stack' ? ' ~ ' : ' = '}${state[name]}`, () => page.go({ [name]: '' })));
    this.chips.replaceChildren(...matchers, ...parts);
    this.domain.replaceChildren(makeSelect('kernel or user code', DOMAINS, state.domain, (domain) =>
      page.go({ domain })));
    this.clear.hidden = !Filters.isSet(state);
  }
}
