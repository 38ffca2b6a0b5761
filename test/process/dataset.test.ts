import { gzipSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WORKLOAD_FORMATS } from '../../src/workload/formats.ts';
import { Workbench } from './program.ts';

const FIXTURES = resolve(import.meta.dirname, '../workload/fixtures');

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

function dataset(...args: readonly string[]) {
  return bench.start(['dataset', ...args]).finished;
}

describe('dataset info', () => {
  it('says what a trace holds', async () => {
    const { code, stdout } = await dataset('info', `${FIXTURES}/mooncake/good-basic.jsonl`);
    expect(code).toBe(0);
    expect(stdout).toContain('Mooncake trace');
    expect(stdout).toMatch(/conversations +6\n/);
    expect(stdout).toMatch(/input tokens +6 +5\.00 +1,174 +2,044 +2,100\n/);
    // Blocks 0 and 1 of row 1, then 0, 1 and 3 of row 3, then block 4 of row 5.
    expect(stdout).toContain('3,072 of 6,501 input tokens');
  });

  it('reads a compressed file as it reads the plain one', async () => {
    const plain = `${FIXTURES}/sharegpt/good-variants.json`;
    writeFileSync(bench.file('talk.json.gz'), gzipSync(readFileSync(plain)));
    const [ofPlain, ofGzip] = await Promise.all([
      dataset('info', plain, '--json'),
      dataset('info', bench.file('talk.json.gz'), '--json'),
    ]);
    const without = (text: string) => ({ ...(JSON.parse(text) as object), path: '', notes: [] });
    expect(without(ofGzip.stdout)).toEqual(without(ofPlain.stdout));
  });

  it('refuses what it cannot read, with the place', async () => {
    const { code, stdout, stderr } = await dataset('info', `${FIXTURES}/weka/bad-unknown-type.json`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /bad-unknown-type\.json:1: requests\[0\]: type: must be s, n or subagent \(got "x"\)/,
    );
  });

  it('reads columns of other names as --map says', async () => {
    writeFileSync(bench.file('asked.csv'), 'text,answer\nWhat is new?,nothing\nAnd now?,still nothing\n');
    const [shown, missing] = await Promise.all([
      dataset('show', bench.file('asked.csv'), '--map', 'prompt=text', '--json'),
      dataset('info', bench.file('asked.csv'), '--map', 'prompt=question'),
    ]);
    const { conversations } = JSON.parse(shown.stdout) as { conversations: unknown[] };
    expect(conversations).toHaveLength(2);
    expect(JSON.stringify(conversations[0])).toContain('What is new?');
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(
      /asked\.csv:2: has no column "question" \(--map prompt=question\); it has "text", "answer"/,
    );
  });

  it('refuses a format that there is not', async () => {
    const { code, stderr } = await dataset(
      'info',
      `${FIXTURES}/mooncake/good-basic.jsonl`,
      '--format',
      'moon',
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/--format must be one of openai-batch, .*weka,/);
  });
});

describe('dataset show', () => {
  it('shows a graph with what waits for what', async () => {
    const { stdout } = await dataset('show', `${FIXTURES}/weka/good-subagents.json`);
    expect(stdout).toContain('2. after 1 and ag1 and ag2, 1.00 s later, due at 12.5 s');
    expect(stdout).toContain('ag3: 1 turn, started by turn 2, starts at 15.0 s');
  });

  it('shows the first conversations and says that there are more', async () => {
    const { stdout } = await dataset('show', `${FIXTURES}/sharegpt/good-variants.json`, '--first', '2');
    expect(stdout).toContain('v-2: 1 turn');
    expect(stdout).not.toContain('v-3');
    expect(stdout).toContain('--first 4 shows twice as many');
  });

  it('prints JSON that is whole, and notes on standard error', async () => {
    const { stdout, stderr } = await dataset('show', `${FIXTURES}/mooncake/bad-out-of-order.jsonl`, '--json');
    const shown = JSON.parse(stdout) as { conversations: { start_ms: number }[]; notes: unknown[] };
    expect(shown.conversations.map((one) => one.start_ms)).toEqual([900, 100]);
    expect(shown.notes).toHaveLength(1);
    expect(stderr).toContain('bad-out-of-order.jsonl:2: the time is earlier');
  });

  it('never lets a text of the file reach the terminal as a command', async () => {
    writeFileSync(bench.file('p.jsonl'), JSON.stringify({ prompt: 'a\x1b]0;gotcha\x07b', model: '\x1b[2J' }));
    const { stdout } = await dataset('show', bench.file('p.jsonl'));
    expect(stdout).toContain(String.raw`a\x1b]0;gotcha\x07b`);
    expect(stdout).not.toContain('\x1b');
  });
});

it('every format is in docs/formats.md', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/formats.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w[\w-]*)` /gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual(WORKLOAD_FORMATS.map(({ name }) => name).sort());
});
