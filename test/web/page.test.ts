import { cpSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../browser.ts';
import { type Program, Workbench } from '../process/program.ts';

const executablePath = findChromium();
const TIMEOUT_MS = 60_000;

/** A page of ours with what it did that it should not: errors, blocked styles, requests that leave the server. */
interface Watched {
  readonly page: Page;
  readonly complaints: string[];
}

/** What ECharts has drawn in one chart: the first series that has points, and the names of all. */
interface Drawn {
  readonly names: readonly string[];
  readonly firstX: number;
  readonly points: number;
}

describe.skipIf(executablePath === undefined)(
  executablePath === undefined ? `the page (skipped: ${NO_CHROMIUM})` : 'the page',
  () => {
    let bench: Workbench;
    let browser: Browser;
    let run: Program;
    let runUrl: string;
    const contexts: BrowserContext[] = [];

    beforeAll(async () => {
      bench = new Workbench();
      browser = await chromium.launch({ executablePath: executablePath!, args: CHROMIUM_ARGS });
      const mock = await bench.mock(
        '--ttft',
        'fixed:30',
        '--inter-token',
        'fixed:5',
        '--output-tokens',
        'fixed:10',
      );
      const load = [
        '--endpoint',
        mock,
        '--model',
        'mock-model',
        '--dataset',
        bench.dataset(20),
        '--rate',
        '30',
      ];
      const short = bench.start(['run', ...load, '--samples', '40', '--out', bench.file('runs/short')]);
      await short.finished;
      run = bench.start([
        ...[
          'run',
          ...load,
          '--duration',
          '5m',
          '--web',
          '0',
          '--web-control',
          '--out',
          bench.file('runs/long'),
        ],
      ]);
      [, runUrl] = (await run.waitForOutput(/web page: (http\S+)/)) as unknown as [string, string];
      await run.waitForOutput(/measuring/, TIMEOUT_MS);
    }, 2 * TIMEOUT_MS);

    afterAll(async () => {
      await browser?.close();
      await bench?.end();
    }, TIMEOUT_MS);

    // A page that is left open goes on drawing.
    afterEach(async () => {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    });

    async function open(url: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Watched> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      contexts.push(context);
      const complaints: string[] = [];
      const page = await context.newPage();
      page.setDefaultTimeout(TIMEOUT_MS / 2);
      await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
        console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`);
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', ({ message }) => complaints.push(message));
      page.on('request', (request) => {
        if (new URL(request.url()).host !== new URL(url).host) complaints.push(`request to ${request.url()}`);
      });
      await page.goto(url);
      return { page, complaints };
    }

    const tile = (page: Page, label: string) =>
      page
        .locator('.tile', { has: page.locator('dt', { hasText: new RegExp(`^${label}$`) }) })
        .locator('dd')
        .first();

    async function numberIn(page: Page, label: string): Promise<number> {
      return Number.parseFloat((await tile(page, label).innerText()).replaceAll(',', ''));
    }

    /** Waits until the page shows more of something than now. */
    async function expectToGrow(page: Page, label: string): Promise<void> {
      await tile(page, label).waitFor();
      const before = await numberIn(page, label);
      await until(
        page,
        `more than ${before} in ${label}`,
        async () => (await numberIn(page, label)) > before,
      );
    }

    async function drawn(page: Page, chart: string, fewestPoints = 2): Promise<Drawn> {
      const read = async (): Promise<Drawn | undefined> =>
        page.evaluate<Drawn | undefined>(`import('/modules/echarts.js').then(({ getInstanceByDom }) => {
          const place = document.querySelector('[data-chart="${chart}"]');
          const series = place && getInstanceByDom(place)?.getOption()?.series;
          const lines = (series ?? []).filter(({ data }) => data.length >= ${fewestPoints});
          if (lines.length === 0) return undefined;
          const [first] = lines[0].data;
          return {
            names: lines.map(({ name }) => name),
            firstX: (Array.isArray(first) ? first : first.value)[0],
            points: lines[0].data.length,
          };
        })`);
      return until(page, `drawing in ${chart}`, read);
    }

    /** What `probe` finds as soon as it finds something; by looking, as the page's policy forbids waiting inside of it. */
    async function until<T>(page: Page, what: string, probe: () => Promise<T | undefined>): Promise<T> {
      const deadlineMs = performance.now() + TIMEOUT_MS / 2;
      for (;;) {
        const found = await probe();
        if (found !== undefined && found !== false) return found;
        if (performance.now() > deadlineMs) throw new Error(`no ${what}`);
        await page.waitForTimeout(50);
      }
    }

    it(
      'moves with a real run, without inline styles and without leaving the server',
      async () => {
        const { page, complaints } = await open(runUrl);
        expect(page.url()).not.toContain('token');
        await expectToGrow(page, 'Succeeded');
        await page.locator('.pill[data-state="live"]').waitFor();
        await page.getByRole('table').getByText('TTFT', { exact: true }).waitFor();
        expect((await drawn(page, 'ttft')).names).toEqual(expect.arrayContaining(['p50', 'p99']));
        await page.locator('[data-chart="histogram-ttft"] canvas').hover();
        await page.getByLabel('Distribution of').selectOption('latency');
        await drawn(page, 'percentiles-latency');
        expect(complaints).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'shows who joins late the run from its start',
      async () => {
        const early = await open(runUrl);
        const { points } = await drawn(early.page, 'ttft', 4);
        const late = await open(runUrl, { colorScheme: 'dark' });
        const seen = await drawn(late.page, 'ttft');
        expect(seen.points).toBeGreaterThanOrEqual(points);
        // Bins are of a second and drawn at their middle.
        expect(seen.firstX).toBeLessThan(1);
        expect(late.complaints).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'is light or dark as the system is, until somebody chooses',
      async () => {
        const { page } = await open(runUrl, { colorScheme: 'dark' });
        const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
        expect(await ground()).toBe('rgb(16, 19, 23)');
        await page.keyboard.press('t');
        expect(await ground()).toBe('rgb(244, 245, 247)');
        await page.reload();
        expect(await ground()).toBe('rgb(244, 245, 247)');
      },
      TIMEOUT_MS,
    );

    it(
      'fits 390 px, live, as a list and in comparison',
      async () => {
        const { page, complaints } = await open(runUrl, { viewport: { width: 390, height: 844 } });
        await drawn(page, 'ttft');
        const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
        expect(await width()).toBeLessThanOrEqual(390);
        await page.keyboard.press('?');
        expect(await page.locator('dialog').isVisible()).toBe(true);
        expect(await width()).toBeLessThanOrEqual(390);
        expect(complaints).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'comes back when the server was started anew',
      async () => {
        const args = (port: string) => ['serve', bench.file('runs/long'), '--listen', port];
        const first = bench.start(args('0'));
        const [, url] = (await first.waitForOutput(/web page: (http\S+)/)) as unknown as [string, string];
        const { page } = await open(url);
        await expectToGrow(page, 'Succeeded');
        await drawn(page, 'ttft');
        const title = await page.locator('h1').innerText();
        first.child.kill('SIGKILL');
        await first.finished;
        await page.locator('#connection[data-state="lost"]').waitFor();
        bench.start(args(new URL(url).port));
        await page.locator('#connection[data-state="open"]').waitFor();
        await expectToGrow(page, 'Succeeded');
        expect(await page.locator('h1').innerText()).toBe(title);
        expect((await drawn(page, 'ttft')).firstX).toBeLessThan(1);
      },
      TIMEOUT_MS,
    );

    it(
      'steers the run where that is allowed, and shows on every plot what was done',
      async () => {
        const { page, complaints } = await open(runUrl);
        await page.getByRole('button', { name: 'Pause' }).click();
        await page.locator('.pill[data-state="paused"]').waitFor();
        await page.getByLabel('Note', { exact: true }).fill('switched a replica off');
        await page.getByRole('button', { name: 'Mark', exact: true }).click();
        await page.getByRole('button', { name: 'Resume' }).click();
        await page.locator('.pill[data-state="live"]').waitFor();
        await page.getByLabel('Samples a second').fill('45');
        await page.getByRole('button', { name: 'Set rate' }).click();
        await page.getByText('of 45/s requested').waitFor();
        page.on('dialog', (dialog) => void dialog.accept());
        await page.getByRole('button', { name: 'Stop' }).click();
        await run.finished;
        const summary = bench.tryJson<{ extras: { history: { marks: { kind: string; text: string }[] } } }>(
          'runs/long/metrics/final_snapshot.json',
        );
        const marks = summary!.extras.history.marks;
        expect(marks.map(({ kind }) => kind)).toEqual(
          expect.arrayContaining(['pause', 'note', 'resume', 'rate', 'stop']),
        );
        expect(marks.find(({ kind }) => kind === 'note')?.text).toBe('switched a replica off');
        expect(complaints.filter((text) => !/ERR_|Failed to load/.test(text))).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'lists past runs, finds, opens and overlays them, all by keyboard',
      async () => {
        const server = bench.start(['serve', '--runs', bench.file('runs'), '--listen', '0']);
        const [, url] = (await server.waitForOutput(/web page: (http\S+)/)) as unknown as [string, string];
        const { page, complaints } = await open(url);
        await page.getByText('No run under way').waitFor();
        await page.keyboard.press('/');
        await page.locator('#search:focus').waitFor();
        await page.getByText('2 runs', { exact: true }).waitFor();
        await page.keyboard.type('mock-model no-such-word');
        await page.getByText('0 of 2 runs').waitFor();
        await page.getByLabel('Search runs').fill('MOCK-model poisson');
        await page.getByText('2 of 2 runs').waitFor();
        await drawn(page, 'trend-requests', 2);
        for (const name of ['long', 'short']) {
          await page.getByLabel(`Compare ${name}`).focus();
          await page.keyboard.press('Space');
        }
        await page.keyboard.press('c');
        expect((await drawn(page, 'in-flight', 1)).names).toEqual(['A', 'B']);
        const judged = page.locator('[data-pair="B"]');
        await judged.getByRole('heading', { name: /^B against A: / }).waitFor();
        await judged.getByText('Settings and environment that differ').waitFor();
        await judged.getByRole('rowheader', { name: 'TTFT p50', exact: true }).waitFor();
        await page.getByRole('rowheader', { name: 'TTFT p99', exact: true }).waitFor();
        await page.setViewportSize({ width: 390, height: 844 });
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
        await page.keyboard.press('r');
        await page.getByLabel('Compare long').waitFor();
        const names = () => page.locator('tbody .own-name').allInnerTexts();
        await page.getByLabel('Sort by').selectOption('Samples ▲');
        expect(await names()).toEqual(['short', 'long']);
        await page.getByLabel('Sort by').selectOption('Samples ▼');
        expect(await names()).toEqual(['long', 'short']);
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
        await page.locator('tbody a').first().focus();
        await page.keyboard.press('Enter');
        await drawn(page, 'ttft', 1);
        await page.getByText('Slowest samples').waitFor();
        await page.getByLabel('Notes').fill('tr');
        await page.getByLabel('Notes').press('t');
        await page.getByRole('button', { name: 'Save notes' }).click();
        await page.getByText('Saved.').waitFor();
        await page.reload();
        await page.getByLabel('Notes').waitFor();
        expect(await page.getByLabel('Notes').inputValue()).toBe('trt');
        await page.getByText(/inferometer run --config/).waitFor();
        expect(complaints).toEqual([]);
        // Studies that can't be read cost nothing but themselves.
        await page.route('**/api/studies', (route) =>
          route.fulfill({ status: 500, body: '{"error":"no disk"}' }),
        );
        await page.keyboard.press('r');
        await page.getByText("Couldn't load the studies: no disk").waitFor();
        await page.getByText('2 runs', { exact: true }).waitFor();
      },
      TIMEOUT_MS,
    );

    it(
      'calls runs by the names they were given, and compares what only one of them measured',
      async () => {
        const failed = [
          '--endpoint',
          'http://127.0.0.1:9',
          '--model',
          'm',
          '--dataset',
          bench.dataset(3),
          '--no-check',
        ];
        await bench.start(['run', ...failed, '--out', bench.file('compared/failed')]).finished;
        cpSync(bench.file('runs/short'), bench.file('compared/worked'), { recursive: true });
        const server = bench.start(['serve', '--runs', bench.file('compared'), '--listen', '0']);
        const [, url] = (await server.waitForOutput(/web page: (http\S+)/)) as unknown as [string, string];
        const { page } = await open(`${url}#/compare/failed/worked`);
        await page.getByRole('columnheader', { name: /^A · failed · \d{4}-/ }).waitFor();
        await page.getByRole('rowheader', { name: 'TTFT p99', exact: true }).waitFor();
        await page.keyboard.press('r');
        await page.getByRole('link', { name: /^\d{4}-.*worked$/ }).click();
        await page.getByRole('heading', { name: /^worked · \d{4}-/ }).waitFor();
      },
      TIMEOUT_MS,
    );

    it(
      'can be walked with Tab: the first stop skips to the numbers, keys are told by ?',
      async () => {
        const server = bench.start(['serve', '--runs', bench.file('runs'), '--listen', '0']);
        const [, url] = (await server.waitForOutput(/web page: (http\S+)/)) as unknown as [string, string];
        const { page } = await open(url);
        await page.getByText('No run under way').waitFor();
        await page.keyboard.press('Tab');
        expect(await page.evaluate('document.activeElement?.textContent')).toBe('Skip to the numbers');
        await page.keyboard.press('Enter');
        expect(await page.evaluate('document.activeElement?.id')).toBe('main');
        await page.keyboard.press('?');
        await page.getByRole('dialog').getByText('list of runs').waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'hidden' });
        await page.keyboard.press('r');
        await page.getByRole('heading', { name: 'Runs' }).waitFor();
        await page.keyboard.press('l');
        await page.getByText('No run under way').waitFor();
      },
      TIMEOUT_MS,
    );
  },
);
