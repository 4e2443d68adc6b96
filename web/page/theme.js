// SPDX-License-Identifier: Apache-2.0
// theme: light or dark: as the system, until somebody says otherwise in this browser.

import { find } from './dom.js';

const KEPT = 'cpuhound-theme';
const darkSystem = window.matchMedia('(prefers-color-scheme: dark)');

function ofSystem() {
  return darkSystem.matches ? 'dark' : 'light';
}

function apply() {
  const theme = localStorage.getItem(KEPT) || ofSystem(), other = theme === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  find('theme').textContent = other;
  find('theme').title = `${other} (d)`;
}

export function switchTheme() {
  const other = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  if (other === ofSystem())
    localStorage.removeItem(KEPT);
  else
    localStorage.setItem(KEPT, other);
  apply();
}

export function startTheme() {
  find('theme').addEventListener('click', switchTheme);
  darkSystem.addEventListener('change', apply);
  apply();
}
