// SPDX-License-Identifier: Apache-2.0
// sandwich: all callers of a function in a pane above, all that it calls in one below.

import { Pane } from './pane.js';
import { NO_FRAME, calleesOf, callersOf } from './tree.js';

export class Sandwich {
  // on: { open(frame), marked(), moved(), drawn() }.
  constructor(root, on) {
    this.title = root.querySelector('.sandwich-of');
    this.callers = this.makePane(root.querySelector('.callers'), on);
    this.callees = this.makePane(root.querySelector('.callees'), on);
    this.callers.isFlipped = true;
    this.panes = [this.callers, this.callees];
    this.pane = this.callees; // that was pointed at last: keys go to it
  }

  makePane(scroller, on) {
    const pane = new Pane(scroller, {
      ...on,
      zoom: (node) => on.open(pane.tree.frame[node]),
      marked: () => {
        this.pane = pane;
        on.marked();
      },
    });
    return pane;
  }

  show(model, frame, colors) {
    this.title.textContent = frame === NO_FRAME
      ? 'Select a function in the graph or in the table: its callers and callees are shown here.'
      : `callers (above) and callees (below) of ${model.functions[frame]}`;
    for (const pane of this.panes)
      pane.scroller.hidden = frame === NO_FRAME;
    if (frame === NO_FRAME)
      return;
    if (this.frame !== frame || this.model !== model) {
      this.frame = frame;
      this.model = model;
      this.callersTree = callersOf(model.tree, frame, model.nFrames);
      this.calleesTree = calleesOf(model.tree, frame, model.nFrames);
    }
    this.callers.show(model, this.callersTree, colors);
    this.callees.show(model, this.calleesTree, colors);
  }
}
