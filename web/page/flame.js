// SPDX-License-Identifier: Apache-2.0
// flame: the graph of what is selected (web/viewer/flame-view.js), its functions, callers and callees. Labels can be
// its roots.

import { FlameView } from '/viewer/flame-view.js';
import { find, make } from './dom.js';
import { KeysInput } from './keys-input.js';

// A graph in an element, whose state is a part of the page's.
export class GraphBox {
  constructor(page, root) {
    this.page = page;
    this.root = root;
    this.view = null;
  }

  show(answer) {
    const { page } = this;
    if (!this.view)
      this.view = new FlameView(this.root, {
        state: page.state.graph, keysFrom: document, keys: page.keysOfPage,
        onState: (graph, isStep) => page.keep({ graph }, isStep),
      });
    if (this.answer !== answer)
      this.view.show(answer);
    this.answer = answer;
  }

  close() {
    if (this.view)
      this.view.destroy();
    this.view = null;
    this.answer = null;
  }
}

export class Flame {
  constructor(page) {
    this.roots = new KeysInput({ page, label: 'roots of the graph', placeholder: 'roots: service … ( b )', others: [],
      set: (roots) => page.go({ roots }) });
    const box = make('div', { class: 'graph-box' });
    this.graph = new GraphBox(page, box);
    find('flame').append(make('div', { class: 'tools' }, this.roots.root), box);
  }

  showControls(state) {
    this.roots.show(state.roots);
  }

  show(answer) {
    this.graph.show(answer);
  }

  leave() {
    this.graph.close();
  }
}
