// SPDX-License-Identifier: Apache-2.0
// file: the page of one file, which has its data in itself, as gzip in base64: its title, its look, and its address,
// which keeps the state of the view and `theme`, light or dark.

import { describeTitle } from './facts.js';
import { FlameView } from './flame-view.js';
import { DEFAULTS, shortState } from './state.js';

const $ = (id) => document.getElementById(id);
const darkSystem = window.matchMedia('(prefers-color-scheme: dark)');

class FilePage {
  constructor(data) {
    const given = this.readAddress();
    this.applyTheme();
    $('title').textContent = document.title = describeTitle(data);
    this.view = new FlameView($('view'), {
      state: given,
      onState: (state, isStep) => this.writeAddress(state, isStep),
      keysFrom: document,
      keys: [{ keys: ['d'], what: 'light or dark', run: () => this.switchTheme() }],
    });
    this.view.show(data);
    $('theme').addEventListener('click', () => this.switchTheme());
    darkSystem.addEventListener('change', () => this.applyTheme());
    window.addEventListener('popstate', () => this.restore());
  }

  readAddress() {
    const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    this.theme = given.theme || '';
    return given;
  }

  restore() {
    this.view.set({ ...DEFAULTS, ...this.readAddress() });
    this.applyTheme();
  }

  // isStep: the browser's back button comes back to what was before.
  writeAddress(state, isStep) {
    const hash = `#${new URLSearchParams(this.theme ? { ...state, theme: this.theme } : state)}`;
    if (hash === (location.hash || '#'))
      return;
    if (isStep)
      history.pushState(null, '', hash);
    else
      history.replaceState(null, '', hash);
  }

  applyTheme() {
    const theme = this.theme || (darkSystem.matches ? 'dark' : 'light');
    document.documentElement.dataset.theme = theme;
    $('theme').textContent = theme === 'dark' ? 'light' : 'dark';
  }

  switchTheme() {
    this.theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    this.writeAddress(shortState(this.view.state), false);
    this.applyTheme();
  }
}

async function readData() {
  const text = atob($('data').textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++)
    bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).json();
}

function tellFailure(error) {
  $('title').textContent = `This graph cannot be shown: ${error.message}. A browser of 2023 or later is needed.`;
}

async function start() {
  const began = performance.now(), page = new FilePage(await readData());
  performance.measure('cpuhound-load', { start: began, end: performance.now() });
  return page;
}

start().catch((error) => {
  tellFailure(error);
  throw error;
});
