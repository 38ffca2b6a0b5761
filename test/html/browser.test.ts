import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSvgPainter } from '../../src/html/svg-painter.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../browser.ts';
import { HOSTILE, madeUpPage } from './made-up-page.ts';

const executablePath = findChromium();
const title = `report.html opened from disk${executablePath === undefined ? ` (skipped: ${NO_CHROMIUM})` : ''}`;

describe.skipIf(executablePath === undefined)(title, () => {
  const directory = mkdtempSync(join(tmpdir(), 'inferometer-page-'));
  const path = join(directory, 'report.html');
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(path, madeUpPage(await loadSvgPainter(), { hostile: HOSTILE }));
    browser = await chromium.launch({ executablePath: executablePath!, args: CHROMIUM_ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The page, and whatever it asked for or complained of. */
  async function open(options: BrowserContextOptions): Promise<{ page: Page; complaints: string[] }> {
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

  const background = (page: Page) => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const overflow = (page: Page) => page.evaluate('document.documentElement.scrollWidth - innerWidth');

  test('asks for nothing, runs no foreign script and tells the values of a moment', async () => {
    const { page, complaints } = await open({ viewport: { width: 1280, height: 900 } });
    expect(await page.title()).toContain('<img src=x');
    await page.locator('#ttft svg.wide').hover({ position: { x: 500, y: 100 } });
    expect(await page.locator('#ttft .readout').textContent()).toMatch(
      / s +p50 .* ms +\([\d.]+ to [\d.]+\) +p90/,
    );
    expect(await page.locator('#client-cpu .readout').textContent()).toMatch(/at work .* %/);
    const before = await page.locator('#ttft .readout').textContent();
    await page.locator('#over-time').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#ttft .readout').textContent()).not.toBe(before);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('shows a stretch of time larger in all charts over time, and the whole run again', async () => {
    const { page, complaints } = await open({ viewport: { width: 1280, height: 900 } });
    const drawing = page.locator('#ttft svg.wide');
    const shown = page.locator('.zoom output');
    const labels = (id: string) => page.locator(`#${id} svg.wide .ticks text`).allTextContents();
    await drawing.scrollIntoViewIfNeeded();
    const box = (await drawing.boundingBox())!;
    const at = (share: number) => [box.x + box.width * share, box.y + box.height / 2] as const;
    await page.mouse.move(...at(0.4));
    await page.mouse.down();
    await page.mouse.move(...at(0.6), { steps: 3 });
    await page.mouse.up();
    const [from, to] = (await shown.textContent())!.match(/[\d.]+(?= s)/g)!.map(Number) as [number, number];
    expect([from, to].map((seconds) => Math.round(seconds / 4))).toEqual([5, 9]);
    expect(await labels('ttft')).toEqual(await labels('client-cpu'));
    for (const label of await labels('ttft')) {
      expect(Number.parseFloat(label)).toBeGreaterThanOrEqual(from - 0.1);
      expect(Number.parseFloat(label)).toBeLessThanOrEqual(to + 0.1);
    }
    // What the pointer is on is what stood there when the whole run was shown.
    await page.mouse.move(...at(0.5));
    const middle = Number.parseFloat((await page.locator('#ttft .readout').textContent())!);
    expect(Math.abs(middle - (from + to) / 2)).toBeLessThan(1.5);
    await page.keyboard.press('Escape');
    expect(await page.locator('.zoom').isVisible()).toBe(false);
    expect(await labels('ttft')).toEqual([]);
    await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Whole run' }).click();
    expect(await page.locator('.zoom').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('follows the system into the dark', async () => {
    const [light, dark] = await Promise.all([open({ colorScheme: 'light' }), open({ colorScheme: 'dark' })]);
    expect(await background(light.page)).toBe('rgb(255, 255, 255)');
    expect(await background(dark.page)).toBe('rgb(13, 17, 23)');
    const line = (page: Page) =>
      page.evaluate(
        'getComputedStyle(document.querySelector("#in-flight svg.wide path[stroke-width]")).stroke',
      );
    expect(await line(light.page)).not.toBe(await line(dark.page));
    // Paper is white.
    await dark.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await background(dark.page)).toBe('rgb(255, 255, 255)');
    expect((await dark.page.pdf({ preferCSSPageSize: true })).length).toBeGreaterThan(20_000);
    await Promise.all([light.page.context().close(), dark.page.context().close()]);
  });

  test('fits a phone', async () => {
    const { page, complaints } = await open({ viewport: { width: 390, height: 844 } });
    expect(await overflow(page)).toBe(0);
    expect(await page.locator('#ttft svg.narrow').isVisible()).toBe(true);
    expect(await page.locator('#ttft svg.wide').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
