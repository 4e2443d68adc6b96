// SPDX-License-Identifier: Apache-2.0
// exports: the current selection as a file, for other tools. A link would not bring the token, so it is fetched.

import { getBlob, isAborted } from './api.js';
import { find, make } from './dom.js';
import { formatInstant } from './format.js';
import { exportQuestion } from './questions.js';

const FORMATS = [
  ['pprof', 'pb.gz', 'pprof', 'for go tool pprof'],
  ['folded', 'folded', 'folded', 'a line a stack'],
  ['speedscope', 'speedscope.json', 'speedscope', 'for speedscope.app'],
  ['svg', 'svg', 'SVG', 'a picture'],
  ['html', 'html', 'HTML', 'the graph as one file'],
];

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export class Exports {
  // page: { state, work(promise), fail(error) }.
  constructor(page) {
    this.page = page;
    this.menu = find('export');
    this.menu.append(make('div', {}, ...FORMATS.map(([format, suffix, text, what]) =>
      make('button', { type: 'button', title: what, onclick: () => this.fetch(format, suffix) }, text,
        make('span', { class: 'soft' }, ` ${what}`)))));
  }

  async fetch(format, suffix) {
    const { page } = this;
    this.menu.open = false;
    if (this.controller)
      this.controller.abort();
    this.controller = new AbortController();
    try {
      const pairs = exportQuestion(page.state, format);
      const blob = await page.work(getBlob('export', pairs, this.controller.signal));
      save(blob, `cpuhound-${formatInstant(Date.now()).replace(/[-:]/g, '')}.${suffix}`);
    } catch (error) {
      if (!isAborted(error))
        page.fail(error);
    }
  }

  open() {
    this.menu.open = true;
    this.menu.querySelector('button').focus();
  }
}
