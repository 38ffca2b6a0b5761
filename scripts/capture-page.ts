/**
 * Makes the pictures of the page: runs a load against the mock server and looks at its page in a browser, then at the requests of a run.
 *
 * Usage: npm run docs:pictures
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../test/browser.ts';

const root = resolve(import.meta.dirname, '..');
const program = join(root, 'dist/cli/main.js');
const SIZE = { width: 1280, height: 1500 };
const REQUESTS_SIZE = { width: 1280, height: 800 };
const RUN_SECONDS = 50;
const NOTE_AFTER_SECONDS = 18;

const executablePath = findChromium();
if (executablePath === undefined) throw new Error(NO_CHROMIUM);

const place = mkdtempSync(join(tmpdir(), 'inferometer-capture-'));
const children: ChildProcess[] = [];
try {
  const [mockUrl] = await start(['serve-mock', '--fail', 'status:503=0.004'], /http:\/\/\S+/);
  const dataset = join(place, 'prompts.jsonl');
  const prompts = Array.from({ length: 200 }, (_, i) => JSON.stringify({ prompt: `#${i} tell me a story` }));
  writeFileSync(dataset, prompts.join('\n'));
  const [pageUrl] = await start(
    [
      ...['run', '--endpoint', mockUrl, '--model', 'mock', '--dataset', dataset, '--rate', '40'],
      ...['--duration', '5m', '--warmup', '40', '--web', '0', '--web-control', '--out', join(place, 'run')],
    ],
    /http:\/\/\S+/,
  );
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' });
  await page.goto(pageUrl);
  await page.locator('.pill[data-state="live"]').waitFor();
  await sleep(NOTE_AFTER_SECONDS * 1000);
  await page.getByLabel('Note', { exact: true }).fill('cache emptied');
  await page.getByRole('button', { name: 'Mark', exact: true }).click();
  await sleep((RUN_SECONDS - NOTE_AFTER_SECONDS) * 1000);
  await page.screenshot({ path: join(root, 'docs/images/page.png') });
  await captureRequests(page, ['--endpoint', mockUrl, '--model', 'mock', '--dataset', dataset]);
  await browser.close();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(place, { recursive: true, force: true });
}

/** The table of requests of a short run. */
async function captureRequests(page: Page, target: readonly string[]): Promise<void> {
  const out = join(place, 'runs/evening');
  const load = ['--rate', '60', '--duration', '10s', '--report-html', 'off', '--out', out];
  await start(['run', ...target, ...load], new RegExp('report: '));
  const [url] = await start(['serve', '--runs', join(place, 'runs'), '--listen', '0'], /http:\/\/\S+/);
  await page.setViewportSize(REQUESTS_SIZE);
  await page.goto(`${url}#/run/evening/requests?sort=ttft&order=desc`);
  await page.locator('.canvas .row').first().waitFor();
  await page.screenshot({ path: join(root, 'docs/images/requests.png') });
}

/** Starts the program and waits for what it is to print. */
async function start(args: readonly string[], pattern: RegExp): Promise<RegExpExecArray> {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  for (let found = pattern.exec(printed); ; found = pattern.exec(printed)) {
    if (found !== null) return found;
    if (child.exitCode !== null) throw new Error(`the program ended: ${printed}`);
    await sleep(50);
  }
}
