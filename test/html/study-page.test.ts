import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { studyPage } from '../../src/html/study-page.ts';
import { loadSvgPainter } from '../../src/html/svg-painter.ts';
import { gridOf, shuffledCells } from '../../src/studies/designs.ts';
import type { Factor } from '../../src/studies/factor.ts';
import { type CellResult, studyPoints, type StudyResult } from '../../src/studies/study-result.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../browser.ts';

const HOSTILE = '<img src=x onerror=alert(1)>';

/** A hundred cells whose throughput saturates; the last one failed. */
function madeUpStudy(): StudyResult {
  const factors: readonly Factor[] = [
    { name: 'concurrency', values: Array.from({ length: 10 }, (_, i) => String(2 ** i)) },
    { name: 'input', values: ['512', '1024', '2048', '4096', HOSTILE] },
  ];
  const combinations = gridOf(factors);
  const cells = shuffledCells(factors, combinations, 2, 1).map((cell, i): CellResult => {
    const load = Number(cell.values[0]);
    const input = factors[1]!.values.indexOf(cell.values[1]!);
    const rate = ((3000 - 500 * input) * load) / (load + 40) + cell.repeat;
    const around = (value: number) => ({ value, low: value * 0.97, high: value * 1.03 });
    const known = { cell, startedAt: '2026-11-30T12:00:00Z', slos: [], backlogGrows: null, server: null };
    if (i === 99) return { ...known, state: 'failed', verdict: null, figures: {}, reason: HOSTILE };
    return {
      ...{ ...known, state: 'done', verdict: 'valid', reason: null },
      figures: {
        requests_per_second: around(rate / 100),
        output_tokens_per_second: around(rate),
        tokens_per_second_per_user: around(rate / load),
        ttft_p90_ns: around(50e6 + load * 1e6),
        error_share: { value: 0, low: 0, high: 0.01 },
      },
    };
  });
  return {
    ...{ kind: 'sweep', name: HOSTILE, version: '1', createdAt: '2026-11-30T12:00:00Z', gpus: undefined },
    ...{ factors, cells, points: studyPoints(combinations, cells, undefined), conclusions: [HOSTILE] },
  };
}

const executablePath = findChromium();
const title = `study.html opened from disk${executablePath === undefined ? ` (skipped: ${NO_CHROMIUM})` : ''}`;

test('a page of a hundred cells is small, and takes no text for markup', async () => {
  const page = studyPage(madeUpStudy(), await loadSvgPainter());
  expect(page.length).toBeLessThan(3e6);
  expect(page).not.toContain('<img');
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(/ecmeta|undefined|NaN/.exec(page.replace(/<script>.*<\/script>/s, ''))).toBeNull();
});

describe.skipIf(executablePath === undefined)(title, () => {
  const directory = mkdtempSync(join(tmpdir(), 'inferometer-study-'));
  const path = join(directory, 'study.html');
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(path, studyPage(madeUpStudy(), await loadSvgPainter()));
    browser = await chromium.launch({ executablePath: executablePath!, args: CHROMIUM_ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function open(options: BrowserContextOptions) {
    const context = await browser.newContext({ ...options, offline: true });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(path).href) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(pathToFileURL(path).href);
    return { page, complaints };
  }

  test('what is pointed at in the table or a plot is told apart in all of them, and a click keeps it', async () => {
    const { page, complaints } = await open({ viewport: { width: 1280, height: 900 } });
    const picked = () =>
      page.evaluate(
        "[...document.querySelectorAll('.picked')].map((one) => one.dataset.point + one.tagName).sort()",
      );
    await page.locator('tr[data-point="7"]').hover();
    const all = (await picked()) as string[];
    expect(new Set(all.map((one) => Number.parseInt(one, 10)))).toEqual(new Set([7]));
    expect(all.filter((one) => one.endsWith('path')).length).toBeGreaterThanOrEqual(5);
    await page.locator('#front-user svg [data-point="12"]').hover({ force: true });
    expect(await page.locator('tr.picked').getAttribute('data-point')).toBe('12');
    await page.locator('tr[data-point="3"] td').nth(1).click();
    await page.locator('h1').hover();
    expect(await page.locator('tr.picked').getAttribute('data-point')).toBe('3');
    await page.keyboard.press('Escape');
    expect(await picked()).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test.each([
    { width: 1280, colorScheme: 'light' as const, background: 'rgb(255, 255, 255)' },
    { width: 360, colorScheme: 'dark' as const, background: 'rgb(13, 17, 23)' },
  ])('fits $width px, $colorScheme', async ({ width, colorScheme, background }) => {
    const { page } = await open({ viewport: { width, height: 800 }, colorScheme });
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(background);
    await page.context().close();
  });
});
