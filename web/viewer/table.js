// SPDX-License-Identifier: Apache-2.0
// table: the functions below the node that is zoomed to, what they have themselves and in total. Only rows that can be
// seen are in the page.

import { makeElement } from './elements.js';
import { formatCount, formatPercent } from './model.js';
import { sumFrames } from './tree.js';

const TABLE_ROW_HEIGHT = 24; // CSS pixels, as in flame-view.css

export class Table {
  // on: { open(frame), find(frame), sorted(key, isUp) }.
  constructor(root, on) {
    this.on = on;
    this.scroller = root.querySelector('.table');
    this.head = root.querySelector('.head');
    this.body = root.querySelector('.body');
    this.space = root.querySelector('.space');
    this.count = root.querySelector('.count');
    this.key = 'self';
    this.isUp = false;
    this.scroller.addEventListener('scroll', () => this.fill());
  }

  show(model, tree, top, search) {
    this.model = model;
    this.sums = sumFrames(tree, top, model.nFrames);
    this.whole = tree.total.map((column) => column[top]);
    this.frames = [];
    let nAll = 0;
    for (let frame = 0; frame < model.nFrames; frame++) {
      if (!this.sums.isThere[frame])
        continue;
      nAll++;
      if (!search || search.takes(frame))
        this.frames.push(frame);
    }
    this.count.textContent = `${formatCount(this.frames.length)} of ${formatCount(nAll)} functions in ${
      model.functionName(tree.frame[top])}`;
    this.scroller.classList.toggle('wide', model.isDiff);
    this.makeColumns();
    this.sort(this.key, this.isUp);
  }

  makeColumns() {
    const { sums, model } = this, last = model.columns.length - 1;
    const columns = [];
    for (const what of ['self', 'total'])
      for (let c = 0; c <= last; c++) {
        const name = model.isDiff ? `${what}, ${model.columns[c].name}` : what;
        columns.push({ key: model.isDiff && c < last ? `${what}-${c}` : what, name, sums: sums[what][c], c });
      }
    for (const what of model.isDiff ? ['self', 'total'] : [])
      columns.push({ key: `${what}-change`, name: `${what}, change`, change: true, c: last,
        sums: sums[what][1].map((after, frame) => after - sums[what][0][frame]) });
    this.columns = columns;
  }

  // Names go from A to Z, numbers from the largest.
  sort(key, isUp) {
    this.key = key;
    this.isUp = isUp;
    const sign = isUp ? 1 : -1, size = key.endsWith('change') ? Math.abs : (n) => n;
    const { sums } = this.columns.find((column) => column.key === key) || this.columns[0];
    const byName = key === 'function' ? (a, b) => sign * (a - b) : null;
    const libraries = this.model.libraries;
    const byLibrary = key === 'library'
      ? (a, b) => sign * (libraries[a] < libraries[b] ? -1 : libraries[a] > libraries[b] ? 1 : 0) || a - b : null;
    this.frames.sort(byName || byLibrary ||
      ((a, b) => sign * (size(sums[a]) - size(sums[b])) || a - b));
    this.fillHead();
    this.scroller.setAttribute('aria-rowcount', this.frames.length + 1);
    this.space.style.height = `${this.frames.length * TABLE_ROW_HEIGHT}px`;
    this.fill();
  }

  fillHead() {
    const columns = [...this.columns, { key: 'function', name: 'function' }, { key: 'library', name: 'library' }];
    this.head.replaceChildren(...columns.map((column) => {
      const cell = makeElement('span', column.sums ? 'number' : 'text'), isSorted = column.key === this.key;
      cell.append(makeElement('button', '', column.name));
      cell.dataset.key = column.key;
      cell.setAttribute('role', 'columnheader');
      cell.setAttribute('aria-sort', !isSorted ? 'none' : this.isUp ? 'ascending' : 'descending');
      cell.addEventListener('click', () => {
        this.sort(column.key, isSorted ? !this.isUp : !column.sums);
        this.on.sorted(this.key, this.isUp);
      });
      return cell;
    }));
  }

  fill() {
    if (!this.frames)
      return;
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / TABLE_ROW_HEIGHT) - 2);
    const n = Math.ceil(this.scroller.clientHeight / TABLE_ROW_HEIGHT) + 4;
    const rows = this.frames.slice(first, first + n).map((frame, i) => this.makeRow(frame, first + i));
    this.body.style.transform = `translateY(${first * TABLE_ROW_HEIGHT}px)`;
    this.body.replaceChildren(...rows);
  }

  makeRow(frame, index) {
    const { model, whole } = this, row = makeElement('div', 'row');
    row.setAttribute('role', 'row');
    row.setAttribute('aria-rowindex', index + 2); // behind the head
    for (const column of this.columns) {
      const value = column.sums[frame], sign = column.change && value > 0 ? '+' : '';
      const share = column.change ? '' : ` ${formatPercent(value, whole[column.c])}`;
      row.append(makeElement('span', 'number', `${sign}${model.formatValue(value, column.c)}${share}`));
    }
    const name = makeElement('button', 'text name', model.functions[frame]);
    name.title = 'callers and callees';
    name.addEventListener('click', () => this.on.open(frame));
    const find = makeElement('button', 'find', 'find');
    find.title = 'find it in the graph';
    find.addEventListener('click', () => this.on.find(frame));
    const cell = makeElement('span', 'text function');
    cell.append(find, name);
    row.append(cell, makeElement('span', 'text', model.libraries[frame]));
    for (const child of row.children)
      child.setAttribute('role', 'cell');
    return row;
  }
}
