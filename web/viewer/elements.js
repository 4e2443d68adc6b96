// SPDX-License-Identifier: Apache-2.0
// elements: what every part does with elements of the page.

export function makeElement(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  if (text !== undefined)
    element.textContent = text;
  return element;
}

// Works where the page comes over plain HTTP, too, unlike navigator.clipboard.
export function copyText(text) {
  const area = makeElement('textarea', '');
  const focused = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  if (focused)
    focused.focus();
}
