// SPDX-License-Identifier: Apache-2.0
// keys: what the keys of a view do: rows of { keys, what, run }. isOfGraph: where a graph is shown.

import { ROOT } from './tree.js';

export function listKeys(view) {
  const step = (direction) => () => view.pane.step(direction);
  const zoomBy = (factor) => () => {
    view.graph.zoomBy(factor, view.graph.canvas.clientWidth / 2);
    view.keepRange();
  };
  return [
    { keys: ['/'], what: 'search', run: () => view.part('search').select() },
    { keys: ['Escape'], what: 'end the search, or leave what is open', run: () => view.escape() },
    { keys: ['ArrowUp', 'k'], what: 'to the caller', run: step('out'), isOfGraph: true },
    { keys: ['ArrowDown', 'j'], what: 'to the largest callee', run: step('in'), isOfGraph: true },
    { keys: ['ArrowLeft', 'h'], what: 'to the neighbour on the left', run: step('left'), isOfGraph: true },
    { keys: ['ArrowRight', 'l'], what: 'to the neighbour on the right', run: step('right'), isOfGraph: true },
    { keys: ['Enter'], what: 'zoom to what is marked', run: () => view.zoomToCurrent(), isOfGraph: true },
    { keys: ['Backspace', 'u'], what: 'zoom out by one frame', run: () => view.zoomOut() },
    { keys: ['0', 'r'], what: 'zoom out to all', run: () => view.zoomTo(ROOT) },
    { keys: ['+'], what: 'zoom in', run: zoomBy(0.8) },
    { keys: ['-'], what: 'zoom out', run: zoomBy(1.25) },
    { keys: ['g'], what: 'the graph', run: () => view.change({ view: 'graph' }, true) },
    { keys: ['t'], what: 'the functions', run: () => view.change({ view: 'top' }, true) },
    { keys: ['s'], what: 'callers and callees of what is marked', run: () => view.openCurrent() },
    { keys: ['i'], what: 'turn the graph over', run: () => view.turnOver() },
    { keys: ['m'], what: 'the next way of coloring', run: () => view.nextColor() },
    { keys: ['c'], what: 'copy the name', run: () => view.copyName() },
    { keys: ['?'], what: 'this list', run: () => view.part('help').showModal() },
  ];
}
