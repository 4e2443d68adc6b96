// SPDX-License-Identifier: Apache-2.0
// model: the graph as report/flame-json.h describes it: its functions, its tree, and what is known of both.

import { NO_FRAME, Tree } from './tree.js';

export const KIND_USER = 0, KIND_KERNEL = 1, KIND_JIT = 2, KIND_MARKER = 3;
export const KIND_NAMES = ['user', 'kernel', 'JIT', 'no code'];
const NS_PER_S = 1e9;

// Marks that turn the writing direction around would make names lie.
export const DIRECTION_MARKS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function hashText(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++)
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export class Model {
  constructor(data) {
    if (data.schema_version !== 1)
      throw new Error(`this page shows data of version 1, not ${data.schema_version}`);
    this.title = data.title;
    this.type = data.type;
    this.unit = data.unit;
    this.by = data.by;
    this.columns = data.columns;
    this.nBeyond = data.n_beyond;
    this.functions = data.functions.map((name) => name.replace(DIRECTION_MARKS, '\ufffd'));
    this.libraries = data.libraries.map((name) => name.replace(DIRECTION_MARKS, '\ufffd'));
    this.files = data.files.map((name) => name.replace(DIRECTION_MARKS, '\ufffd'));
    this.kinds = data.kinds;
    this.isNamed = data.is_named;
    this.nFrames = this.functions.length;
    this.ids = new Array(this.nFrames);
    this.tree = Model.treeOf(data);
  }

  // A root above all others. `ways` is a text of digits.
  static treeOf(data) {
    const n = data.depths.length + 1, ways = new TextEncoder().encode(data.ways).map((digit) => digit & 3);
    const behindRoot = (Type, numbers, root) => {
      const array = new Type(n);
      array.set(numbers, 1);
      array[0] = root;
      return array;
    };
    const depths = behindRoot(Uint32Array, data.depths, 0);
    for (let i = 1; i < n; i++)
      depths[i]++;
    return new Tree(depths, behindRoot(Int32Array, data.frames, NO_FRAME), behindRoot(Uint8Array, ways, 0),
      data.samples.map((column) => behindRoot(Float64Array, column, 0)),
      data.values.map((column) => behindRoot(Float64Array, column, 0)));
  }

  get isDiff() {
    return this.columns.length > 1;
  }

  functionName(frame) {
    return frame === NO_FRAME ? 'all' : this.functions[frame];
  }

  // Stands for a function in the address of the page, also of a page with other data.
  frameId(frame) {
    this.ids[frame] ||= hashText(`${this.functions[frame]}\0${this.libraries[frame]}`).toString(36);
    return this.ids[frame];
  }

  findFrame(id) {
    for (let frame = 0; frame < this.nFrames; frame++)
      if (this.frameId(frame) === id)
        return frame;
    return NO_FRAME;
  }

  get isTime() {
    return this.unit === 'nanoseconds';
  }

  hasCores(column) {
    return this.isTime && this.type === 'cpu' && this.columns[column].wall_ns > 0;
  }

  // "1.234 cores", "12.34 s" or "1,234 bytes".
  formatValue(value, column) {
    if (this.hasCores(column))
      return `${(value / this.columns[column].wall_ns).toFixed(3)} cores`;
    return this.formatAmount(value);
  }

  formatAmount(value) {
    return this.isTime ? `${(value / NS_PER_S).toFixed(2)} s` : `${formatCount(value)} ${this.unit}`;
  }
}

export function formatCount(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ','); // toLocaleString() takes 40 ms when called first
}

export function formatPercent(part, whole) {
  return `${(whole ? 100 * part / whole : 0).toFixed(2)} %`;
}

export function formatTime(ns) {
  return new Date(ns / 1e6).toISOString().slice(0, 19).replace('T', ' ');
}
