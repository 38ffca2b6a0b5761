import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import { openDataset } from './open-dataset.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'inferometer-dataset-'));
});

afterAll(() => rm(directory, { recursive: true }));

async function rowsOf(name: string, content: string | Uint8Array): Promise<readonly unknown[]> {
  const path = join(directory, name);
  await writeFile(path, content);
  return (await openDataset(path)).rows;
}

/** The message of the refusal, with the directory left out. */
async function refusal(name: string, content: string | Uint8Array): Promise<string> {
  try {
    await rowsOf(name, content);
  } catch (error) {
    expect(error).toBeInstanceOf(InferometerError);
    expect((error as InferometerError).kind).toBe('input');
    return (error as Error).message.replaceAll(`${directory}/`, '');
  }
  return 'accepted';
}

describe('formats', () => {
  test('JSON lines: byte order mark, CRLF, blank lines and a missing last line break', async () => {
    const text = '\ufeff{"prompt":"a"}\r\n\r\n   \n{"prompt":"b\u2028c"}';
    expect(await rowsOf('a.jsonl', text)).toEqual([{ prompt: 'a' }, { prompt: 'b\u2028c' }]);
  });

  test('JSON: an array of objects', async () => {
    expect(await rowsOf('a.json', '\ufeff[{"prompt":"a"},\n{"prompt":"b"}]')).toEqual([
      { prompt: 'a' },
      { prompt: 'b' },
    ]);
  });

  test('CSV: quotes, line breaks in cells, JSON cells, byte order mark', async () => {
    const text = '\ufeffprompt,messages\r\n"a, ""b""\r\nc",\r\n\r\nd,"[{""role"":""user""}]"\r\n';
    expect(await rowsOf('a.CSV', text)).toEqual([
      { prompt: 'a, "b"\r\nc' },
      { prompt: 'd', messages: [{ role: 'user' }] },
    ]);
  });

  test('text: a prompt a line', async () => {
    expect(await rowsOf('a.txt', 'one two\r\n\n three')).toEqual([
      { prompt: 'one two' },
      { prompt: ' three' },
    ]);
  });

  test('whatever prompts are written come back from JSON lines and CSV', async () => {
    const prompts = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(prompts, fc.constantFrom('\n', '\r\n'), async (texts, lineBreak) => {
        const wanted = texts.map((prompt) => ({ prompt }));
        const lines = wanted.map((row) => JSON.stringify(row)).join(lineBreak);
        const cells = texts.map((text) => `"${text.replaceAll('"', '""')}"`);
        expect(await rowsOf('any.jsonl', lines)).toEqual(wanted);
        expect(await rowsOf('any.csv', ['prompt', ...cells].join(lineBreak))).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });
});

describe('what can not be used is refused with its place', () => {
  test.each([
    [
      'a.jsonl',
      '{"prompt":"a"}\n\n{"prompt":\n',
      /^a\.jsonl:3: found \{"prompt": \(.*\), wanted a JSON object$/,
    ],
    ['a.jsonl', '{"prompt":"a"}\r\n["b"]', 'a.jsonl:2: found ["b"], wanted a JSON object'],
    [
      'a.jsonl',
      '{"text":"a","id":1}',
      'a.jsonl:1: found only "text", "id", wanted a column prompt (or messages, or input_tokens)',
    ],
    ['a.jsonl', '{}', 'a.jsonl:1: found no columns, wanted a column prompt (or messages, or input_tokens)'],
    ['a.jsonl', '{"prompt":5}', 'a.jsonl:1: prompt: found 5, wanted text'],
    ['a.jsonl', '{"messages":"hi"}', 'a.jsonl:1: messages: found hi, wanted a list of objects'],
    [
      'a.jsonl',
      '{"input_tokens":[1,-2]}',
      'a.jsonl:1: input_tokens: found [1,-2], wanted a list of token numbers',
    ],
    [
      'a.jsonl',
      '{"input_tokens":[1],"token_ids":[1]}',
      'a.jsonl:1: found both input_tokens and token_ids, wanted one of them',
    ],
    ['a.jsonl', '\n \n', 'a.jsonl: found no rows, wanted at least one'],
    [
      'a.jsonl',
      Uint8Array.of(0x7b, 0x7d, 0x0a, 0xff),
      'a.jsonl:2: found bytes that are no UTF-8, wanted UTF-8 text',
    ],
    ['a.json', '[]', 'a.json: found no rows, wanted at least one'],
    ['a.json', '{"prompt":"a"}', 'a.json: found {"prompt":"a"}, wanted a JSON array of objects'],
    ['a.json', '[{"prompt":"a"},7]', 'a.json: item 2: found 7, wanted a JSON object'],
    ['a.json', '[{"prompt":"a"}', /^a\.json: found .*, wanted a JSON array of objects$/],
    ['a.csv', 'prompt\n', 'a.csv: found no rows, wanted at least one'],
    ['a.csv', '', 'a.csv: found no rows, wanted at least one'],
    ['a.csv', 'a,b\r\n"x\r\ny",1\r\n\r\nz\r\n', 'a.csv:5: found 1 cells, wanted 2, one for each column'],
    ['a.csv', 'prompt,prompt\na,b', 'a.csv:1: found column "prompt" twice, wanted a name once'],
    ['a.csv', 'text\na', 'a.csv:2: found only "text", wanted a column prompt (or messages, or input_tokens)'],
    ['a.csv', 'messages\n[1', 'a.csv:2: messages: found [1, wanted JSON'],
    ['a.csv', 'prompt\na\n"b', /^a\.csv: found Quote Not Closed: .*line 3, wanted comma-separated values$/],
    ['a.parquet', 'x', 'a.parquet: found the extension ".parquet", wanted one of .jsonl, .json, .csv, .txt'],
  ])('%s %j', async (name, content, message) => {
    const found = await refusal(name, content);
    if (typeof message === 'string') expect(found).toBe(message);
    else expect(found).toMatch(message);
  });

  test('a file that is not there, and a directory', async () => {
    await expect(openDataset(join(directory, 'none.jsonl'))).rejects.toThrow("can't be read: ENOENT");
    await mkdir(join(directory, 'folder.json'));
    await expect(openDataset(join(directory, 'folder.json'))).rejects.toMatchObject({
      code: 'INFEROMETER_DATASET_UNREADABLE',
      kind: 'input',
    });
  });
});
