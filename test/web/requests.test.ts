import { readFileSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestDetail, RequestPage } from '../../src/web/request-table.ts';
import { CHROMIUM_ARGS, findChromium } from '../browser.ts';
import { Workbench } from '../process/program.ts';

const TIMEOUT_MS = 60_000;
const SAMPLES = 150;
const executablePath = findChromium();

/** A row of `inferometer export --format csv`: the same samples by another way. */
type Exported = Readonly<Record<string, string>>;

let bench: Workbench;
let url: string;
let exported: readonly Exported[];

beforeAll(async () => {
  bench = new Workbench();
  const mock = await bench.mock(
    ...['--ttft', 'lognormal:20,0.5', '--inter-token', 'fixed:2', '--output-tokens', 'fixed:5'],
    ...['--fail', 'status:503=0.2'],
  );
  const load = [
    '--model',
    'alpha=0.5',
    '--model',
    'beta=0.5',
    '--dataset',
    bench.dataset(20),
    '--rate',
    '100',
  ];
  const out = bench.file('runs/one');
  await bench.start(['run', '--endpoint', mock, ...load, '--samples', String(SAMPLES), '--out', out])
    .finished;
  const file = bench.file('samples.csv');
  await bench.start(['export', out, '--samples', 'csv', '--out', file]).finished;
  exported = rowsOf(readFileSync(file, 'utf8'));
  const server = bench.start(['serve', '--runs', bench.file('runs'), '--listen', '0']);
  [, url] = (await server.waitForOutput(/web page: (http\S+)/)) as unknown as [string, string];
}, 2 * TIMEOUT_MS);

afterAll(async () => {
  await bench?.end();
}, TIMEOUT_MS);

function rowsOf(csv: string): readonly Exported[] {
  const [head = [], ...rows] = csv
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return rows.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i]!])));
}

/** Asks until the log is read. */
async function ask<T>(path: string): Promise<{ readonly status: number; readonly body: T }> {
  for (;;) {
    const answer = await fetch(`${url}api/runs/${path}`);
    const body = (await answer.json()) as T;
    if (answer.status !== 202) return { status: answer.status, body };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const pageOf = async (query: string) => (await ask<RequestPage>(`one/requests?${query}`)).body;

describe('the requests of a run over HTTP', () => {
  it('are those that an export has, with the same times', async () => {
    const { rows, found, recorded } = await pageOf('sort=seq');
    expect([found, recorded]).toEqual([SAMPLES, SAMPLES]);
    const bySeq = exported.toSorted((a, b) => Number(a.seq) - Number(b.seq));
    const plain = (value: number | null) => (value === null ? '' : String(value));
    expect(
      rows.map((row) => [row.seq, row.outcome, row.error, row.model, row.chunks, plain(row.outputTokens)]),
    ).toEqual(
      bySeq.map((row) => [
        ...[Number(row.seq), row.outcome, row.error_type === '' ? null : row.error_type, row.model],
        ...[Number(row.chunks), row.output_tokens],
      ]),
    );
    for (const [i, { latencyNs, ttftNs }] of rows.entries()) {
      // A float has 24 bits.
      expect(latencyNs! / Number(bySeq[i]!.latency_ns)).toBeCloseTo(1, 6);
      if (ttftNs !== null) expect(ttftNs / Number(bySeq[i]!.ttft_ns)).toBeCloseTo(1, 6);
    }
  });

  it('come sorted either way, those without a value last, and in parts', async () => {
    const upward = await pageOf('sort=ttft');
    const downward = await pageOf('sort=ttft&order=desc');
    const known = (page: RequestPage) => page.rows.map(({ ttftNs }) => ttftNs).filter((ns) => ns !== null);
    expect(known(upward)).toEqual(known(upward).toSorted((a, b) => a - b));
    expect(known(downward)).toEqual(known(upward).toReversed());
    for (const { rows } of [upward, downward]) expect(rows.at(-1)!.ttftNs).toBeNull();
    const part = await pageOf('sort=ttft&offset=10&limit=5');
    expect(part.rows).toEqual(upward.rows.slice(10, 15));
  });

  it('are filtered and found by what they are', async () => {
    const failed = exported.filter(({ outcome }) => outcome === 'errored');
    expect((await pageOf('outcome=errored')).found).toBe(failed.length);
    expect((await pageOf('error=http_503&model=beta')).found).toBe(
      failed.filter(({ model }) => model === 'beta').length,
    );
    const quick = exported.filter(({ latency_ns: ns }) => Number(ns) <= 30e6 && Number(ns) >= 10e6);
    expect((await pageOf('min_latency_ms=10&max_latency_ms=30')).found).toBe(quick.length);
    expect((await pageOf('search=503+alpha')).found).toBe(
      failed.filter(({ model }) => model === 'alpha').length,
    );
    const [one] = exported;
    for (const search of [`%23${one!.seq}`, one!.sample_id])
      expect((await pageOf(`search=${search}`)).rows.map(({ seq }) => seq)).toContain(Number(one!.seq));
  });

  it('are shown one by one with prompt, response, chunks, errors and neighbours', async () => {
    const [first, second, third] = (await pageOf('sort=latency&order=desc&outcome=succeeded')).rows;
    const { body } = await ask<RequestDetail>(
      `one/requests/${second!.seq}?sort=latency&order=desc&outcome=succeeded`,
    );
    expect([body.previous, body.place, body.next]).toEqual([first!.seq, 1, third!.seq]);
    const row = exported.find(({ seq }) => Number(seq) === second!.seq)!;
    expect(body.sampleId).toBe(row.sample_id);
    expect(body.chunks).toHaveLength(5);
    expect(body.chunks[0]!.atNs).toBe(Number(row.first_chunk_ns));
    expect(body.completedNs).toBe(Number(row.completed_ns));
    expect(body.prompt?.map(({ content }) => content.text).join()).toMatch(/\S/);
    expect(body.response?.text).toMatch(/\S/);
    const [bad] = (await pageOf('outcome=errored')).rows;
    const failed = await ask<RequestDetail>(`one/requests/${bad!.seq}`);
    expect(failed.body.errors[0]).toMatchObject({ type: 'http_503', message: { text: /503/ } });
    expect(failed.body.response).toBeNull();
  });

  it.each([
    ['one/requests?sort=size', 400, /^sort must be one of issued, .*\(got "size"\)$/],
    ['one/requests?min_latency_ms=-1', 400, /^min_latency_ms must be a number from 0 \(got "-1"\)$/],
    ['one/requests?offset=x', 400, /^offset must be a whole number/],
    [`one/requests/${SAMPLES}`, 404, /no such run or request/],
    ['..%2Fruns%2Fone/requests', 404, /no such run or request/],
  ])('refuse %s', async (path, status, message) => {
    const answer = await ask<{ readonly error: string }>(path);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatch(message);
  });
});

describe.skipIf(executablePath === undefined)('the requests of a run in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: CHROMIUM_ARGS });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
  }, TIMEOUT_MS);

  it(
    'are listed, sorted, filtered, opened and walked by keyboard, without what the policy forbids',
    async () => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 700 } });
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', ({ message }) => complaints.push(message));
      await page.goto(`${url}#/run/one`);
      await page.getByRole('link', { name: 'All requests' }).click();
      await page.getByText(`${SAMPLES} requests`, { exact: true }).waitFor();
      const rows = page.locator('.canvas .row:not([hidden])');
      expect(await rows.count()).toBeLessThan(SAMPLES);
      await page.getByRole('button', { name: 'Latency' }).click();
      await page.getByRole('button', { name: 'Latency ▲' }).click();
      await page.locator('[aria-sort="descending"]').getByText('Latency ▼').waitFor();
      await page.getByLabel('Outcome').selectOption('succeeded');
      await page.getByText(new RegExp(`^\\d+ of ${SAMPLES} requests$`)).waitFor();
      const wanted = (await pageOf('sort=latency&order=desc&outcome=succeeded')).rows;
      const table = page.getByRole('table', { name: 'Requests' });
      await table.focus();
      await page.keyboard.press('End');
      await rows.getByText(`#${wanted.at(-1)!.seq}`, { exact: true }).waitFor();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: `Request #${wanted[1]!.seq}`, exact: true }).waitFor();
      await page.getByText(/^5 chunks, the first after/).waitFor();
      await page.keyboard.press('n');
      await page.getByRole('heading', { name: `Request #${wanted[2]!.seq}`, exact: true }).waitFor();
      await page.reload();
      await page.getByText(`3 of ${wanted.length}`).waitFor();
      await page.getByRole('button', { name: 'Markdown' }).click();
      await page.getByText('Copied.').waitFor();
      expect(await page.evaluate<string>('navigator.clipboard.readText()')).toMatch(
        /^\| field \| value \|\n/,
      );
      await page.setViewportSize({ width: 400, height: 800 });
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
      await page.getByRole('link', { name: 'Requests of one' }).click();
      await table.waitFor();
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
      expect(complaints).toEqual([]);
      await context.close();
    },
    TIMEOUT_MS,
  );
});
