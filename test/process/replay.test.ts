import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vocabularies } from '../workload/vocabularies.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const FIXTURES = resolve(import.meta.dirname, '../workload/fixtures');
const QWEN = vocabularies().find(({ name }) => name === 'Qwen 3')!;

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

function tokenizer(): string {
  const path = bench.file('qwen');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(QWEN.definition));
  writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(QWEN.config));
  return path;
}

function trace(rows: readonly object[]): string {
  const path = bench.file('trace.jsonl');
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}

interface Arrival {
  readonly ms: number;
  readonly promptNumber: number | null;
  readonly outputTokens: number;
}

/** What came to the server and when, by its own clock, ms since the first one. */
async function arrivals(url: string): Promise<Arrival[]> {
  const records = (await bench.truth(url)).toSorted((a, b) => Number(a.received_ns) - Number(b.received_ns));
  const firstNs = BigInt(records[0]!.received_ns as string);
  return records.map(({ received_ns: ns, prompt_number: number, output_tokens: tokens }) => ({
    ms: Number(BigInt(ns as string) - firstNs) / 1e6,
    promptNumber: number as number | null,
    outputTokens: tokens as number,
  }));
}

function started(url: string, dataset: string, ...flags: readonly string[]) {
  const args = ['run', '--endpoint', url, '--model', 'm', '--dataset', dataset, '--out', bench.file('run')];
  return bench.start([...args, ...flags]);
}

describe('run --replay', () => {
  it('sends each request of a trace at its time, as the server saw it', async () => {
    const url = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:1');
    // In bursts and with pauses, the last two in the wrong order; from 400 ms on a gap of 4 s.
    const timesMs = [0, 40, 41, 42, 300, 300, 1100, 1090, 5200, 5500];
    const rows = timesMs.map((timestamp, i) => ({ timestamp, text_input: `#${i} go`, output_length: 1 }));
    const run = started(url, trace(rows), '--replay', '--speed', '0.5', '--idle-cap', '1s', '--to', '5300ms');
    const { code, stdout, stderr } = await run.finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    const seen = await arrivals(url);
    const wantedMs = [0, 80, 82, 84, 600, 600, 1600, 1620, 2620];
    const bySeen = seen.map(({ promptNumber }) => promptNumber);
    // What is due at once, or a ms apart, may come in another order.
    expect([...bySeen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(bySeen.slice(6)).toEqual([7, 6, 8]);
    // Each is due at its time, and no sooner sent; how much later is up to the machine.
    const samples = await bench.samples();
    const firstNs = Number(samples[0]!.due_ns);
    const dueMs = samples.map(({ due_ns: dueNs }) => Math.round((Number(dueNs) - firstNs) / 1e6));
    expect(dueMs).toEqual(wantedMs);
    for (const { due_ns: dueNs, issued_ns: issuedNs } of samples)
      expect(Number(issuedNs)).toBeGreaterThanOrEqual(Number(dueNs));
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'trace.jsonl at 0.5×, to 5.30 s of it, gaps cut to 1.00 s: 9 arrivals in 2.62 s, 3.05/s on average',
    );
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      requested_rate_per_second: 3.053,
      run: { replay: { speed: 0.5, idle_cap_ms: 1000, from_ms: null, to_ms: 5300, arrivals: 9 } },
    });
  });

  it('sends prompts of the lengths of the trace, and again from config.yaml', async () => {
    const url = await bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:999');
    const rows = Array.from({ length: 12 }, (_, i) => ({
      ...{ timestamp: 20 * i, input_length: 600 + i, output_length: 3 + i, hash_ids: [7, i] },
    }));
    const run = started(url, trace(rows), '--replay', '--tokenizer', tokenizer());
    const { code, stderr } = await run.finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    const [, around] = /text of 12 prompts that have only lengths, (\d+) tokens of each/.exec(stderr)!;
    const summary = bench.json('run/performance/result_summary.json');
    // The text alone, without what the template puts around it.
    expect(summary.input_sequence_lengths).toMatchObject({
      ...{ total: 12 * 605.5 - 12 * Number(around) },
      ...{ min: 600 - Number(around), max: 611 - Number(around) },
    });
    const outputs = (await arrivals(url)).map(({ outputTokens }) => outputTokens).sort((a, b) => a - b);
    expect(outputs).toEqual(rows.map(({ output_length: limit }) => limit));
    const again = bench.start([
      ...['run', '--config', bench.file('run/config.yaml'), '--out', bench.file('again')],
      ...['--endpoint', url],
    ]);
    expect(WENT_THROUGH).toContain((await again.finished).code);
    expect(bench.json('again/performance/result_summary.json').input_sequence_lengths).toEqual(
      summary.input_sequence_lengths,
    );
  });

  it('warms up at the mean rate of the trace, and stops at --duration or --samples', async () => {
    const url = await bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:1');
    const rows = Array.from({ length: 40 }, (_, i) => ({ timestamp: 25 * i, text_input: `#${i} go` }));
    const run = started(url, trace(rows), '--replay', '--warmup', '5', '--duration', '310ms');
    const { code, stderr } = await run.finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_issued: 13,
      requested_rate_per_second: 41.94,
    });
    expect(await arrivals(url)).toHaveLength(5 + 13);
  });

  it.each([
    [['--replay'], 'bad-out-of-order.csv', /has lengths instead of prompts; --tokenizer/],
    [['--replay', '--from', '1h'], 'good-2023.csv', /--from 1h 00m 00s is behind the end of the trace/],
    [['--replay', '--speed', '0'], 'good-2023.csv', /--speed must be a number above 0/],
  ])('%j of %s is refused with one message', async (flags, file, why) => {
    const given = file === 'bad-out-of-order.csv' ? [] : ['--tokenizer', tokenizer()];
    const run = started('http://127.0.0.1:1', `${FIXTURES}/azure/${file}`, ...flags, ...given);
    const { code, stdout, stderr } = await run.finished;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const errors = stderr.split('\n').filter((line) => /^error|^inferometer/.test(line));
    expect(errors, stderr).toHaveLength(1);
    expect(errors[0]).toMatch(why);
  });
});
