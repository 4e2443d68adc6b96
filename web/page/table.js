// SPDX-License-Identifier: Apache-2.0
// table: rows that can be sorted by any column. A column is
//
//	key, title         in the address, and at its head
//	hint               what it tells, in a sentence
//	value(row)         to sort by: a number or a text
//	cell(row)          what is shown: a text or elements
//	isText             to the left, and from A to Z at first
//
// and a row may have others below it: `below(row)`, lists of elements that go over its whole width.

import { make } from './dom.js';

// What cannot be told comes last, either way.
function compare(a, b, sign) {
  if (a === null || b === null)
    return (a === null) - (b === null);
  return sign * (a < b ? -1 : a > b ? 1 : 0);
}

// sort: a column's key, '-' before it: upwards. onSort(sort).
export function makeTable({ label, columns, rows, last = [], sort, onSort, below = () => [] }) {
  const isUp = sort.startsWith('-'), key = isUp ? sort.slice(1) : sort;
  const sorted = columns.find((column) => column.key === key);
  const sign = isUp ? 1 : -1;
  const ordered = sorted ? [...rows].sort((a, b) => compare(sorted.value(a), sorted.value(b), sign)) : rows;
  const head = columns.map((column) => {
    const isSorted = column === sorted;
    const next = isSorted ? (isUp ? column.key : `-${column.key}`) : column.isText ? `-${column.key}` : column.key;
    return make('th', { scope: 'col', class: column.isText ? 'text' : 'number', 'data-key': column.key,
      'aria-sort': isSorted ? (isUp ? 'ascending' : 'descending') : null },
    make('button', { type: 'button', title: column.hint, onclick: () => onSort(next) }, column.title));
  });
  const cells = (row) => columns.map((column) => {
    const cell = make('td', { class: column.isText ? 'text' : 'number', 'data-key': column.key });
    cell.append(...[column.cell(row)].flat());
    return cell;
  });
  const body = ordered.flatMap((row) => [make('tr', {}, ...cells(row)), ...below(row).map((content) =>
    make('tr', { class: 'below' }, make('td', { class: 'text', colspan: columns.length }, ...content)))]);
  return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    make('table', {}, make('thead', {}, make('tr', {}, ...head)),
      make('tbody', {}, ...body, ...last.map((row) => make('tr', { class: 'rest' }, ...cells(row))))));
}
