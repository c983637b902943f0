/** The machine in a page: headless Chromium boots it without Node. Needs dist/web and images/out (npm run build). */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { elf, Program } from '../../emulator/machine/test-kernel.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-dev-shm-usage',
];
const DEADLINE_MS = 45_000;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
};

/** Files by URL path: the bundled page, the images, and kernels of the test's own. */
const files = new Map<string, () => Uint8Array>([
  ['/hello.elf', () => elf(new Program().print('hello, page\r\n').finish(0x0007_3333).bytes())],
  ...['index.html', 'page.js', 'worker.js'].map(
    name => [`/${name}`, () => readFileSync(join('dist/web', name))] as [string, () => Uint8Array],
  ),
  ...['kernel.elf', 'rootfs.img'].map(
    name => [`/${name}`, () => readFileSync(join('images/out', name))] as [string, () => Uint8Array],
  ),
  // What the package's folder has, for the example.
  ...['examples/page.html', 'dist/strata.browser.mjs', 'images/out/kernel.elf', 'images/out/rootfs.img'].map(
    path => [`/${path}`, () => readFileSync(path)] as [string, () => Uint8Array],
  ),
]);

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const contents = files.get(path);
    response.writeHead(contents ? 200 : 404, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
    response.end(contents?.());
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** What page.ts gives to tests. */
const shown = (page: Page): Promise<string> => page.evaluate('strata.text()');

async function waitForText(page: Page, pattern: RegExp): Promise<string> {
  try {
    await page.waitForFunction(`${pattern}.test(strata.text())`, undefined, { timeout: DEADLINE_MS });
  } catch {
    throw new Error(`the page never showed ${pattern}; it shows:\n${await shown(page)}`);
  }
  return shown(page);
}

describe.skipIf(!existsSync(CHROMIUM))('headless Chromium', () => {
  let server: Server;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    server = await serve();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function open(query: string): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`${origin}/index.html${query}`);
    return page;
  }

  test('a kernel runs, prints and ends', async () => {
    const page = await open('?kernel=hello.elf&root=none&memory=16');
    expect(await waitForText(page, /ended with status/)).toContain('hello, page\n\n[the machine ended with status 7');
    await page.close();
  });

  test('a missing kernel is told in two lines', async () => {
    const page = await open('?kernel=nothing.elf&root=none');
    expect(await waitForText(page, /npm run build/)).toContain('nothing.elf: 404');
    await page.close();
  });

  test('the system boots to its prompt and takes commands', async () => {
    const page = await open('');
    await waitForText(page, /#$/);
    await page.evaluate("strata.type('echo $((6*7)) && uname -m\\r')");
    await waitForText(page, /\n42\nriscv64\n/);
    await page.evaluate("strata.type('exit\\r')");
    await waitForText(page, /ended with status 0/);
    await page.close();
  });

  test('the example page uses the library without a bundler', async () => {
    const page = await browser.newPage();
    await page.goto(`${origin}/examples/page.html`);
    await page.waitForFunction('/riscv64/.test(document.body.textContent)', undefined, { timeout: DEADLINE_MS });
    expect(await page.textContent('#out')).toMatch(/^Linux strata .*\nbin\n/s);
    await page.close();
  });
});
