// SPDX-License-Identifier: Apache-2.0
// inlined: the start of a page that has its data in itself, as gzip in base64.

async function readInlined() {
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
  const began = performance.now(), data = await readInlined(), model = new Model(data);
  performance.measure('cpuhound-load', { start: began, end: performance.now() });
  return new Viewer(model);
}

start().catch((error) => {
  tellFailure(error);
  throw error;
});
