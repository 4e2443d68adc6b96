// SPDX-License-Identifier: Apache-2.0
// driver: a browser for the tests, which are written in Python: a line of JSON for each thing to do, and one for what came
// of it. {"do": "open", "options": {}} opens a page, {"do": "call", "method": "keyboard.press", "args": ["t"]} calls a
// method of the page, {"do": "touch", "type": "touchStart", "points": [{"x": 1, "y": 1, "id": 1}]} puts fingers on it,
// {"do": "faults"} tells what axe-core finds, {"do": "download", "selector": ".x"} clicks and tells which file came of it,
// {"do": "trace"} begins to write down what the browser works on, {"do": "traced", "names": ["AnimationFrame"]} ends it and
// gives the events of these names, {"do": "log"} tells what the page said and asked for since it was opened.

const { chromium } = require('playwright-core');
const fs = require('node:fs');
const readline = require('node:readline');

let browser, context, page, fingers, log;

async function open(options) {
  if (context)
    await context.close();
  log = { errors: [], requests: [], aborted: [] };
  context = await browser.newContext(options);
  page = await context.newPage();
  fingers = await context.newCDPSession(page);
  page.on('console', (message) => {
    if (message.type() === 'error')
      log.errors.push(message.text());
  });
  page.on('pageerror', (error) => log.errors.push(error.stack));
  context.on('request', (request) => log.requests.push(request.url().slice(0, 200)));
  context.on('requestfailed', (request) => {
    if (request.failure().errorText === 'net::ERR_ABORTED')
      log.aborted.push(request.url().slice(0, 200));
  });
}

function call(method, args) {
  const path = method.split('.'), name = path.pop();
  const target = path.reduce((object, part) => object[part], page);
  return target[name](...args);
}

async function faults() {
  await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate('axe.run()');
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map((node) => `${impact}: ${id}: ${node.html.slice(0, 200)}`));
}

async function download(selector) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  return { name: file.suggestedFilename(), path: await file.path() };
}

function trace() {
  return browser.startTracing(page, { categories: ['blink.user_timing', 'devtools.timeline'] });
}

async function traced(names) {
  return JSON.parse(await browser.stopTracing()).traceEvents.filter(({ name }) => names.includes(name));
}

async function run(command) {
  switch (command.do) {
  case 'open':
    return open(command.options);
  case 'call':
    return call(command.method, command.args);
  case 'touch':
    return fingers.send('Input.dispatchTouchEvent', { type: command.type, touchPoints: command.points });
  case 'faults':
    return faults();
  case 'download':
    return download(command.selector);
  case 'trace':
    return trace();
  case 'traced':
    return traced(command.names);
  default:
    return log;
  }
}

// Methods such as goto() give objects that are no data.
function plain(value) {
  return value === undefined || value === null || Object.getPrototypeOf(value) !== Object.prototype &&
    typeof value === 'object' && !Array.isArray(value) ? null : value;
}

async function main() {
  browser = await chromium.launch({
    executablePath: process.argv[2],
    args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader'], // software GL, as root
  });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { result: plain(await run(JSON.parse(line))) };
    } catch (error) {
      answer = { error: String(error.stack || error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await browser.close();
}

main();
