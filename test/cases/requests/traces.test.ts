import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../../src/tokens/tokenizer.ts';
import { vocabularies } from '../../workload/vocabularies.ts';
import { bodies, type DatasetFile, jsonLines, prepare, type ReadRequest } from './prepared.ts';

const FIXTURES = resolve(import.meta.dirname, '../../workload/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'inferometer-trace-tokenizer-'));
let tokenizer: Tokenizer;
beforeAll(async () => {
  const { definition, config } = vocabularies().find(({ name }) => name === 'Qwen 3')!;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(definition));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  tokenizer = await loadTokenizer(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

function fixture(path: string): DatasetFile {
  return { name: path.replace('/', '-'), content: readFileSync(join(FIXTURES, path), 'utf8') };
}

/** As the server counts. */
function inputTokens({ messages }: ReadRequest['body']): number {
  return tokenizer.countTokens(tokenizer.renderChat!(messages as { role: string; content: string }[]));
}

const text = ({ messages }: ReadRequest['body']) => (messages as { content: string }[])[0]!.content;
const SIX: DatasetFile = jsonLines(
  { timestamp: 27, input_length: 1100, output_length: 48, hash_ids: [0, 1, 2] },
  { timestamp: 30.5, input_length: 1536, output_length: 7, hash_ids: [0, 1, 3] },
  { timestamp: 4000, input_length: 100, output_length: 1 },
  { timestamp: 4000, input_length: 512, output_length: 2, hash_ids: [0] },
);

describe('a trace of lengths', () => {
  it('is sent as prompts with exactly these lengths and limits, prefixes shared', async () => {
    const sent = await bodies({ '--tokenizer': folder, '--rate': '5' }, SIX);
    expect(sent.map(inputTokens)).toEqual([1100, 1536, 100, 512]);
    expect(sent.map(({ max_tokens: limit }) => limit)).toEqual([48, 7, 1, 2]);
    expect(Object.keys(sent[0]!).sort()).toEqual(
      ['max_tokens', 'messages', 'model', 'stream', 'stream_options'].sort(),
    );
    const [first, second, third, fourth] = sent.map(text) as [string, string, string, string];
    const shared = first.split(' ').findIndex((word, index) => word !== second.split(' ')[index]);
    // Both blocks but for what the template has before the text.
    expect(shared).toBeGreaterThan(1000);
    expect(shared).toBeLessThan(1024);
    expect(first.startsWith(fourth)).toBe(true);
    expect(first.startsWith(third.slice(0, 20))).toBe(false);
  });

  it('is the same for the same seed, also a part of it', async () => {
    const flags = { '--tokenizer': folder, '--replay': true } as const;
    const all = await bodies(flags, SIX);
    expect(await bodies({ ...flags, '--from': '1s' }, SIX)).toEqual(all.slice(2));
    expect(await bodies({ ...flags, '--seed': '7' }, SIX)).not.toEqual(all);
  });

  it('has due times when it is replayed, and none when it is not', async () => {
    const flags = { '--tokenizer': folder } as const;
    expect((await prepare({ ...flags, '--rate': '5' }, SIX)).dueMs).toBeNull();
    expect((await prepare({ ...flags, '--replay': true }, SIX)).dueMs).toEqual([0, 3.5, 3973, 3973]);
    const fast = { ...flags, '--replay': true, '--speed': '2', '--idle-cap': '100ms' } as const;
    expect((await prepare(fast, SIX)).dueMs).toEqual([0, 1.75, 101.75, 101.75]);
  });

  it('needs a tokenizer', async () => {
    await expect(prepare({ '--rate': '5' }, SIX)).rejects.toThrow(
      /p\.jsonl: has lengths instead of prompts; --tokenizer, the tokenizer\.json of the model, is needed/,
    );
  });

  it('is sent to completions APIs with what frames a prompt', async () => {
    const [first] = await bodies({ '--tokenizer': folder, '--api': 'completions', '--rate': '5' }, SIX);
    expect(tokenizer.countFramed(first!.prompt as string)).toBe(1100);
  });

  it.each([
    ['azure/good-2023.csv', {}],
    ['azure/good-2024.csv', {}],
    ['burstgpt/good-v1.csv', {}],
    ['bailian/good-chains.jsonl', {}],
    ['weka/good-subagents.json', {}],
    ['guidellm/good-trace-minimal.jsonl', { '--format': 'timed-trace' }],
  ])('%s can be replayed', async (path, flags) => {
    const given = { '--tokenizer': folder, '--replay': true, ...flags } as const;
    const { requests, dueMs } = await prepare(given, fixture(path));
    expect(dueMs).toHaveLength(requests.length);
    expect(dueMs![0]).toBe(0);
    expect([...dueMs!].sort((a, b) => a - b)).toEqual(dueMs);
  });
});

describe('a trace', () => {
  it('that is out of order is sent in order of time, with a note', async () => {
    const file = jsonLines(
      { timestamp: 900, text_input: 'b', output_length: 1 },
      { timestamp: 100, text_input: 'a', output_length: 1 },
      { timestamp: 900, text_input: 'c', output_length: 1 },
    );
    const { requests, dueMs, notes } = await prepare({ '--replay': true }, file);
    expect(requests.map(({ body }) => text(body))).toEqual(['a', 'b', 'c']);
    expect(dueMs).toEqual([0, 800, 800]);
    expect(notes.filter((note) => note.includes('earlier'))).toEqual([
      'warning: p.jsonl:2: the time is earlier than that of a row before it; requests are due at their own times, whatever the order of the rows (800 ms earlier)',
    ]);
  });

  it('of a format without such a note is noted by the run', async () => {
    const chat = (id: number, timestamp: number) => ({
      ...{ chat_id: id, parent_chat_id: -1, timestamp, turn: 1 },
      ...{ input_length: 40, output_length: 5, hash_ids: [1, 2, 3] },
    });
    const { notes } = await prepare(
      { '--replay': true, '--tokenizer': folder },
      jsonLines(chat(1, 5), chat(2, 3), chat(3, 9)),
    );
    expect(notes).toContain(
      'warning: p.jsonl: 1 arrival of the trace out of order; all are sent in order of time',
    );
  });

  it('sends texts, messages and whole bodies as they are', async () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ];
    const payload = { messages, temperature: 0.5, label: 'x', max_completion_tokens: 3, model: 'other' };
    const sent = await bodies(
      { '--replay': true },
      jsonLines(
        { timestamp: 0, text_input: 'Hello?', output_length: 16, extra: { top_k: 3 } },
        { timestamp: 1, messages, output_length: 9, tools: [{ type: 'function' }] },
        { timestamp: 2, payload },
      ),
    );
    const always = { stream: true, stream_options: { include_usage: true } };
    expect(sent).toEqual([
      { model: 'm', messages: [{ role: 'user', content: 'Hello?' }], max_tokens: 16, top_k: 3, ...always },
      { model: 'm', messages, max_tokens: 9, tools: [{ type: 'function' }], ...always },
      { ...payload, ...always },
    ]);
  });

  it('of several turns has its first ones sent, and says what is left out', async () => {
    const row = (session: string, timestamp: number) => ({
      ...{ session_id: session, timestamp, text_input: `${session} ${timestamp}`, output_length: 1 },
    });
    const { requests, notes } = await prepare(
      { '--replay': true },
      jsonLines(row('s', 0), row('t', 10), row('s', 20), row('s', 30)),
    );
    expect(requests.map(({ body }) => text(body))).toEqual(['s 0', 't 10']);
    expect(notes).toContain(
      'warning: p.jsonl: only the first turn of each conversation is sent; 2 later turns are left out (--multi-turn sends them)',
    );
  });

  it('leaves out what failed when it was recorded', async () => {
    const times = ['00:00:01.5,60,0', '00:00:02.5,60,5', '00:00:03.0,0,0', '00:00:04.5,70,6'];
    const lines = ['TIMESTAMP,ContextTokens,GeneratedTokens', ...times.map((rest) => `2024-05-10 ${rest}`)];
    const file = { name: 't.csv', content: lines.join('\n') };
    const flags = { '--replay': true, '--tokenizer': folder } as const;
    const { requests, dueMs, notes } = await prepare(flags, file);
    expect(requests.map(({ body }) => inputTokens(body))).toEqual([60, 70]);
    expect(dueMs).toEqual([0, 2000]);
    expect(notes.join()).toContain('failed when it was recorded; it is left out of a run');
    await expect(prepare(flags, { ...file, content: lines.slice(0, 2).join('\n') })).rejects.toThrow(
      't.csv: has no request that can be sent: all failed when they were recorded',
    );
  });

  it.each([
    [jsonLines({ prompt: 'a' }), 'p.jsonl:1: has no time to replay it at; it is read as rows of prompts'],
    [
      jsonLines(
        { timestamp: 0, text_input: 'a', output_length: 1 },
        { session_id: 'b', text_input: 'b', output_length: 1 },
      ),
      'p.jsonl:2: has no time to replay it at; it is read as Mooncake trace (--format mooncake)',
    ],
    [jsonLines({ timestamp: -5, text_input: 'a' }), 'p.jsonl:1: timestamp: must be a number of at least 0'],
  ])('%j cannot be replayed', async (file, message) => {
    await expect(prepare({ '--replay': true }, file)).rejects.toMatchObject({ kind: 'input' });
    await expect(prepare({ '--replay': true }, file)).rejects.toThrow(message);
  });
});

describe('--format', () => {
  it('overrides what the content says', async () => {
    const row = { timestamp: 3, messages: [{ role: 'user', content: 'a' }], temperature: 0.5 };
    const [asRow] = await bodies({}, jsonLines(row));
    const [asTrace] = await bodies({ '--format': 'mooncake' }, jsonLines(row));
    expect(asRow).toMatchObject({ temperature: 0.5 });
    expect(asTrace).not.toHaveProperty('temperature');
  });

  it('of no format is refused with those there are', async () => {
    await expect(prepare({ '--format': 'moon' })).rejects.toThrow(
      /--format: must be one of openai-batch, .*weka, .* \(got "moon"\)/,
    );
  });

  it('is found out for files without prompts', async () => {
    const sent = await bodies({}, jsonLines({ text: 'aiperf says', output_length: 4 }));
    expect(sent[0]).toMatchObject({ messages: [{ role: 'user', content: 'aiperf says' }], max_tokens: 4 });
  });
});
