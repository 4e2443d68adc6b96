// SPDX-License-Identifier: Apache-2.0
// tree: the nodes of a graph in arrays: parents before their children, node 0 is the root. What a node has itself is
// given, the rest is worked out: totals, where its subtree ends, how deep it is, and where it lies from left to right.

export const ROOT = 0;
export const NO_FRAME = -1; // of a root that stands for everything
export const INLINED = 2, SOMETIMES_INLINED = 3; // of ways, as in report/flame-json.h

// growing: nodes added one by one. finish(): the tree.
class TreeBuilder {
  constructor(nColumns) {
    this.depths = [];
    this.frames = [];
    this.ways = [];
    this.samples = Array.from({ length: nColumns }, () => []);
    this.values = Array.from({ length: nColumns }, () => []);
  }

  // The node's number; it has nothing itself yet.
  add(depth, frame) {
    this.depths.push(depth);
    this.frames.push(frame);
    this.ways.push(0);
    for (const column of [...this.samples, ...this.values])
      column.push(0);
    return this.depths.length - 1;
  }

  finish() {
    return new Tree(this.depths, this.frames, this.ways, this.samples, this.values);
  }
}

export class Tree {
  constructor(depths, frames, ways, samples, values) {
    this.n = depths.length;
    this.depth = new Uint32Array(depths);
    this.frame = new Int32Array(frames);
    this.ways = new Uint8Array(ways);
    this.selfSamples = samples.map((column) => new Float64Array(column));
    this.self = values.map((column) => new Float64Array(column));
    this.linkParents();
    this.totalSamples = this.selfSamples.map((column) => this.sumUp(column));
    this.total = this.self.map((column) => this.sumUp(column));
    this.placeNodes();
  }

  linkParents() {
    const { n, depth } = this, parent = new Int32Array(n), end = new Uint32Array(n);
    const path = []; // to the node before
    let length = 0;
    for (let i = 0; i < n; i++) {
      const d = depth[i];
      while (length > d)
        end[path[--length]] = i;
      parent[i] = d > 0 ? path[d - 1] : -1;
      path[length++] = i;
    }
    while (length > 0)
      end[path[--length]] = n;
    this.parent = parent;
    this.end = end; // the first node behind the subtree
    this.deepest = new Uint32Array(depth); // depth in the subtree
    for (let i = n - 1; i > ROOT; i--)
      this.deepest[parent[i]] = Math.max(this.deepest[parent[i]], this.deepest[i]);
  }

  sumUp(self) {
    const { parent } = this, total = new Float64Array(self);
    for (let i = this.n - 1; i > ROOT; i--)
      total[parent[i]] += total[i];
    return total;
  }

  // A node is as wide as the sizes of all its columns: a difference shows what went as well as what came.
  placeNodes() {
    const { n, parent } = this, sizes = new Float64Array(n);
    for (const column of this.self)
      for (let i = 0; i < n; i++)
        sizes[i] += Math.abs(column[i]);
    const weight = this.sumUp(sizes), start = new Float64Array(n);
    const next = new Float64Array(n); // where a node's next child begins
    for (let i = 1; i < n; i++) {
      const p = parent[i];
      start[i] = next[i] = next[p];
      next[p] += weight[i];
    }
    this.weight = weight;
    this.start = start;
  }

  path(node) {
    const path = [];
    for (; node >= 0; node = this.parent[node])
      path.unshift(node);
    return path;
  }

  // The first and the next of a node's children; -1: none.
  firstChild(node) {
    return node + 1 < this.end[node] ? node + 1 : -1;
  }

  nextSibling(node) {
    const parent = this.parent[node];
    return parent >= 0 && this.end[node] < this.end[parent] ? this.end[node] : -1;
  }

  * children(node) {
    for (let i = this.firstChild(node); i >= 0; i = this.nextSibling(i))
      yield i;
  }

  // Those below `top` whose frame is taken (an element for each is not 0) and that are in no other such node: recursion
  // counts once.
  outermost(top, isTaken) {
    const found = [];
    for (let i = top; i < this.end[top];) {
      if (this.frame[i] !== NO_FRAME && isTaken[this.frame[i]]) {
        found.push(i);
        i = this.end[i];
      } else {
        i++;
      }
    }
    return found;
  }

  outermostOf(frame, nFrames) {
    const isTaken = new Uint8Array(nFrames);
    isTaken[frame] = 1;
    return this.outermost(ROOT, isTaken);
  }
}

// Of each frame what it has itself.
export function sumSelf(tree, column, nFrames) {
  const { n, frame } = tree, self = tree.self[column], sums = new Float64Array(nFrames);
  for (let i = 1; i < n; i++)
    sums[frame[i]] += self[i];
  return sums;
}

// Of each frame below `top`: what it has itself and in total, in each column; a function on a stack twice counts once.
export function sumFrames(tree, top, nFrames) {
  const nColumns = tree.self.length;
  const make = () => Array.from({ length: nColumns }, () => new Float64Array(nFrames));
  const sums = { self: make(), total: make(), isThere: new Uint8Array(nFrames) };
  const busyUntil = new Uint32Array(nFrames); // the end of the outermost subtree of this frame
  for (let i = top; i < tree.end[top]; i++) {
    const frame = tree.frame[i];
    if (frame === NO_FRAME)
      continue;
    sums.isThere[frame] = 1;
    for (let c = 0; c < nColumns; c++)
      sums.self[c][frame] += tree.self[c][i];
    if (i < busyUntil[frame])
      continue;
    busyUntil[frame] = tree.end[i];
    for (let c = 0; c < nColumns; c++)
      sums.total[c][frame] += tree.total[c][i];
  }
  return sums;
}

// Groups of a work list, the last frame first: a stack gives them back in order.
function groupByFrame(items, frameOf) {
  const groups = new Map();
  for (const item of items) {
    const frame = frameOf(item);
    if (groups.has(frame))
      groups.get(frame).push(item);
    else
      groups.set(frame, [item]);
  }
  return [...groups].sort(([a], [b]) => b - a);
}

// What a function calls: its outermost calls laid upon each other. Its root is the function.
export function calleesOf(tree, frame, nFrames) {
  const built = new TreeBuilder(tree.self.length);
  const work = [{ frame, depth: 0, nodes: tree.outermostOf(frame, nFrames) }];
  while (work.length > 0) {
    const group = work.pop();
    const made = built.add(group.depth, group.frame);
    const children = [];
    for (const node of group.nodes) {
      built.ways[made] |= tree.ways[node];
      tree.self.forEach((column, c) => { built.values[c][made] += column[node]; });
      tree.selfSamples.forEach((column, c) => { built.samples[c][made] += column[node]; });
      for (const child of tree.children(node))
        children.push(child);
    }
    for (const [f, nodes] of groupByFrame(children, (node) => tree.frame[node]))
      work.push({ frame: f, depth: group.depth + 1, nodes });
  }
  return built.finish();
}

// Who calls it: the ways from its outermost calls to the roots. A node's total is the function's when called so.
export function callersOf(tree, frame, nFrames) {
  const built = new TreeBuilder(tree.self.length);
  const calls = tree.outermostOf(frame, nFrames).map((node) => ({ node, call: node }));
  const work = [{ frame, depth: 0, ways: calls }];
  while (work.length > 0) {
    const group = work.pop();
    const made = built.add(group.depth, group.frame);
    const further = [];
    for (const { node, call } of group.ways) {
      const parent = tree.parent[node];
      built.ways[made] |= tree.ways[node];
      if (parent > ROOT) {
        further.push({ node: parent, call });
        continue;
      }
      tree.total.forEach((column, c) => { built.values[c][made] += column[call]; });
      tree.totalSamples.forEach((column, c) => { built.samples[c][made] += column[call]; });
    }
    for (const [f, ways] of groupByFrame(further, (way) => tree.frame[way.node]))
      work.push({ frame: f, depth: group.depth + 1, ways });
  }
  return built.finish();
}
