// SPDX-License-Identifier: Apache-2.0
// api: questions to the server that this page comes from (docs/hub.md). An answer that nobody waits for any more is
// aborted. The token, where one is needed, is kept until the browser's tab is closed.

const TOKEN = 'cpuhound-token';
const MAX_WAIT_S = 10;

export class ApiError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export function isAborted(error) {
  return error.name === 'AbortError';
}

export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

function wait(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function send(url, signal) {
  const token = sessionStorage.getItem(TOKEN);
  try {
    return await fetch(url, { signal, cache: 'no-cache', headers: token ? { Authorization: `Bearer ${token}` } : {} });
  } catch (error) {
    if (isAborted(error))
      throw error;
    throw new ApiError(0, 'the server does not answer: see whether "cpuhound serve" runs, then try again');
  }
}

// A server that is busy says when to come again; it is asked once more, then its answer stands.
async function get(path, pairs, signal) {
  const url = `/api/v1/${path}?${new URLSearchParams(pairs)}`;
  let response = await send(url, signal);
  if (response.status === 429 || response.status === 503) {
    await wait(Math.min(MAX_WAIT_S, Number(response.headers.get('Retry-After')) || 1), signal);
    response = await send(url, signal);
  }
  if (!response.ok)
    throw new ApiError(response.status, (await response.text()).trim().split('\n')[0] || `HTTP ${response.status}`);
  return response;
}

export async function getJson(path, pairs, signal) {
  const answer = await (await get(path, pairs, signal)).json();
  if (answer.schema_version !== 1)
    throw new ApiError(0, `the server's answer is of version ${answer.schema_version}, not 1: reload the page`);
  return answer;
}

export async function getBlob(path, pairs, signal) {
  return (await get(path, pairs, signal)).blob();
}

// One kind of question, and the answer to the last one that was asked.
export class Asker {
  constructor(path) {
    this.path = path;
    this.key = null;
    this.isWaiting = false;
  }

  // The answer that is there when the question is the same, unless it is asked anew.
  ask(pairs, isAnew) {
    const key = `${new URLSearchParams(pairs)}`;
    if (key === this.key && !isAnew)
      return this.answer;
    this.giveUp();
    this.key = key;
    this.controller = new AbortController();
    this.isWaiting = true;
    this.answer = getJson(this.path, pairs, this.controller.signal);
    this.waitFor(this.answer);
    return this.answer;
  }

  async waitFor(answer) {
    try {
      await answer;
    } catch {
      if (this.answer === answer)
        this.key = null; // to be asked again
    }
    if (this.answer === answer)
      this.isWaiting = false;
  }

  giveUp() {
    if (!this.isWaiting)
      return;
    this.controller.abort();
    this.isWaiting = false;
    this.key = null;
  }
}
