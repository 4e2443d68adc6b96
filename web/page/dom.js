// SPDX-License-Identifier: Apache-2.0
// dom: elements made of data. Text is always text: nothing here reads markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on'))
      element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function makeSvg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function find(id) {
  return document.getElementById(id);
}

// A name that others have chosen: whichever way it is written, what stands around it stays where it is.
export function makeName(text) {
  return make('bdi', { title: text }, text);
}

// choices: [[value, text, title]].
export function makeSelect(label, choices, value, onPick) {
  const select = make('select', { 'aria-label': label, title: label, onchange: () => onPick(select.value) },
    ...choices.map(([choice, text]) => make('option', { value: choice }, text)));
  if (!choices.some(([choice]) => choice === value))
    select.append(make('option', { value }, value));
  select.value = value;
  return select;
}

export function isTyping(element) {
  return element.matches('input:not([type=checkbox]), select, textarea, dialog *');
}

// What is made anew has the focus that its forerunner had: one of its kind at the same place.
export function keepFocus(root, change) {
  const list = () => [...root.querySelectorAll('a[href], button, input, select, summary, [tabindex]')];
  const focused = document.activeElement, place = list().indexOf(focused);
  change();
  const again = list()[place];
  if (again && !focused.isConnected && again.tagName === focused.tagName)
    again.focus({ preventScroll: true });
}
