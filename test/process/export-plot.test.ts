import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { Resvg } from '@resvg/resvg-js';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countText } from '../../src/core/quantity-text.ts';
import { SAMPLE_OUTCOMES, type SampleColumns } from '../../src/events/sample-columns.ts';
import { LogReader } from '../../src/runlog/read.ts';
import { readSamples } from '../../src/runlog/samples.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench({ drawsReports: true });
const run = bench.file('run');

beforeAll(async () => {
  const endpoint = await bench.mock('--ttft', 'fixed:5', '--fail', 'status:503=0.2');
  const { finished } = bench.start([
    ...['run', '--endpoint', endpoint, '--model', 'm', '--dataset', bench.dataset(20), '--out', run],
    ...['--pattern', 'constant', '--rate', '50', '--samples', '60'],
  ]);
  expect(WENT_THROUGH).toContain((await finished).code);
});
afterAll(() => bench.end());

async function program(...args: string[]) {
  return bench.start(args).finished;
}

test('a run leaves its page, and report draws it again when it is gone', async () => {
  const page = bench.file('run/report.html');
  expect(readFileSync(page, 'utf8')).toContain('id="over-time"');
  rmSync(page);
  expect((await program('report', run, '--summary')).code).toBe(0);
  expect(readFileSync(page, 'utf8')).toContain('Content-Security-Policy');
});

test('nothing is written over the log of a run', async () => {
  const log = bench.file('run/run.log');
  const before = readFileSync(log);
  for (const args of [
    ['export', run],
    ['compare', run, run],
  ]) {
    const refused = await program(...args, '--out', log);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe(
      `error: --out ${log} is the log of a run, which is never overwritten; choose another file\n`,
    );
  }
  expect(readFileSync(log).equals(before)).toBe(true);
});

test('events are written again as the run wrote them', async () => {
  const written = readFileSync(bench.file('run/events.jsonl'), 'utf8');
  const events = written.trimEnd().split('\n').length;
  const copy = bench.file('copy.jsonl');
  expect((await program('export', run, '--events', '--out', copy)).stdout).toBe(
    `${copy}: ${countText(events)} events\n`,
  );
  expect(readFileSync(copy, 'utf8')).toBe(written);
  rmSync(bench.file('run/events.jsonl'));
  expect((await program('export', '--events', run)).code).toBe(0);
  expect(readFileSync(bench.file('run/events.jsonl'), 'utf8')).toBe(written);
  const refused = await program('export', '--events', run, '--out', bench.file('nowhere/e.jsonl'));
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('cannot be written (ENOENT')]);
});

/** That the run is invalid, as failed samples or a busy machine make it, is told on standard error. */
function withoutVerdict(stderr: string): string {
  return stderr.replace(/^warning: .* the run is INVALID: .*\n/gm, '');
}

test('samples as Parquet and CSV are those of the log', async () => {
  const stored = await readSamples(new LogReader(bench.file('run/run.log')));
  const [samples] = [...stored.chunks()] as [SampleColumns];
  const parquet = await program('export', run);
  expect([withoutVerdict(parquet.stderr), parquet.stdout]).toEqual([
    '',
    `${run}/samples.parquet: 60 samples\n`,
  ]);
  expect((await program('export', run, '--samples', 'csv', '--out', bench.file('s.csv'))).code).toBe(0);
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(bench.file('run/samples.parquet')),
  });
  const [head, ...lines] = readFileSync(bench.file('s.csv'), 'utf8').trimEnd().split('\n');
  const names = head!.split(',');
  expect(rows).toHaveLength(60);
  rows.forEach((row, i) => {
    expect(row.issued_ns).toBe(BigInt(samples.issuedNs[i]!));
    expect(row.latency_ns).toBe(BigInt(samples.completedNs[i]! - samples.issuedNs[i]!));
    expect(row.outcome).toBe(SAMPLE_OUTCOMES[samples.outcomes[i]!]);
    expect(row.error_type).toBe(stored.texts[samples.errorTypes[i]!]);
    expect(row.ttft_ns === null).toBe(Number.isNaN(samples.firstChunkNs[i]!));
    expect(lines[i]!.split(',')).toEqual(names.map((name) => (row[name] === null ? '' : String(row[name]))));
  });
});

test('plots are well-formed drawings and images that are not empty', async () => {
  const svg = await program('plot', run, run, '--out', bench.file('svg'), '--theme', 'dark');
  const paths = svg.stdout.trim().split('\n');
  expect(paths.length).toBeGreaterThan(10);
  // The reader of SVG refuses what is not well formed.
  for (const path of paths) expect(new Resvg(readFileSync(path, 'utf8')).width).toBe(900);
  const png = await program('plot', run, '--format', 'png', '--chart', 'ttft', 'percentiles-latency');
  if (png.code === 3) return expect(png.stderr).toContain('no font');
  expect(withoutVerdict(png.stderr)).toBe('');
  expect(readdirSync(bench.file('run/plots')).sort()).toEqual(['percentiles-latency.png', 'ttft.png']);
  const image = readFileSync(bench.file('run/plots/ttft.png'));
  expect(image.subarray(1, 4).toString()).toBe('PNG');
  expect([image.readUInt32BE(16), image.readUInt32BE(20)]).toEqual([1800, 640]);
  expect(image.length).toBeGreaterThan(5000);
});

test('what cannot be had is said', async () => {
  const chart = await program('plot', run, '--chart', 'nope');
  expect([chart.code, chart.stderr]).toEqual([
    2,
    expect.stringContaining('--chart nope: no such chart; choose from arrivals, '),
  ]);
  const format = await program('export', run, '--samples', 'xlsx');
  expect([format.code, format.stderr]).toEqual([
    2,
    'error: --samples must be one of csv, parquet (got "xlsx")\n',
  ]);
  const missing = await program('export', bench.file('nowhere'));
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('no run here')]);
});
