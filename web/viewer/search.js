// SPDX-License-Identifier: Apache-2.0
// search: which functions a regular expression finds, by their name or their library's. Capital letters count when the
// expression has one.

import { NO_FRAME } from './tree.js';

export class Search {
  constructor(model, text) {
    const isExact = text !== text.toLowerCase();
    const regex = new RegExp(text, isExact ? '' : 'i');
    this.text = text;
    this.found = new Uint8Array(model.nFrames);
    this.nFound = 0;
    this.below = new WeakMap();
    for (let frame = 0; frame < model.nFrames; frame++) {
      this.found[frame] = regex.test(model.functions[frame]) || regex.test(model.libraries[frame]) ? 1 : 0;
      this.nFound += this.found[frame];
    }
  }

  takes(frame) {
    return frame !== NO_FRAME && this.found[frame] === 1;
  }

  // Whether any of the nodes from first up to end is found, without looking at each.
  isAnyOf(tree, first, end) {
    if (!this.below.has(tree)) {
      const before = new Uint32Array(tree.n + 1); // how many are found before a node
      for (let i = 0; i < tree.n; i++)
        before[i + 1] = before[i] + (this.takes(tree.frame[i]) ? 1 : 0);
      this.below.set(tree, before);
    }
    const before = this.below.get(tree);
    return before[end] > before[first];
  }

  // What the functions that are found have in total below `top`, in each column: a stack counts once.
  totals(tree, top) {
    const sums = tree.total.map(() => 0);
    for (const node of tree.outermost(top, this.found))
      tree.total.forEach((column, c) => { sums[c] += column[node]; });
    return sums;
  }
}

export function escapeRegex(name) {
  return `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
}
