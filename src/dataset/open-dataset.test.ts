import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import { openDataset } from './open-dataset.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'inferometer-dataset-'));
});

afterAll(() => rm(directory, { recursive: true }));

async function open(name: string, content: string | Uint8Array, skipBadRows = false) {
  const path = join(directory, name);
  await writeFile(path, content);
  const dataset = await openDataset(path, { skipBadRows });
  const rows = [...dataset.rows()];
  return {
    rows: rows.map(({ values }) => values),
    places: rows.map(({ place }) => place()),
    skipped: dataset.skipped,
  };
}

async function rowsOf(name: string, content: string | Uint8Array): Promise<readonly unknown[]> {
  return (await open(name, content)).rows;
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

/** A text as UTF-16 with its byte order mark. */
function utf16(text: string, bigEndian: boolean): Uint8Array {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

describe('formats', () => {
  test('JSON lines: byte order mark, CRLF, blank lines and a missing last line break', async () => {
    const text = '\ufeff{"prompt":"a"}\r\n\r\n   \n{"prompt":"b\u2028c"}';
    expect(await rowsOf('a.jsonl', text)).toEqual([{ prompt: 'a' }, { prompt: 'b\u2028c' }]);
  });

  test.each([
    ['a.jsonl.gz', gzipSync],
    ['a.jsonl.zst', zstdCompressSync],
  ])('compressed, as in %s', async (name, compress) => {
    expect(await rowsOf(name, compress(Buffer.from('{"prompt":"a"}\n{"prompt":"b"}')))).toEqual([
      { prompt: 'a' },
      { prompt: 'b' },
    ]);
    expect(await refusal(name, compress(Buffer.from('{"prompt":"a"}\n{"prompt')))).toContain(
      `${name}:2:9: invalid JSON`,
    );
  });

  test('Parquet, with the columns and the kinds of value that JSON has', async () => {
    const bytes = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'question', data: ['a', 'b', null], type: 'STRING', nullable: true },
          { name: 'prompt', data: [null, null, 'c'], type: 'STRING', nullable: true },
          { name: 'max_tokens', data: [5n, 6n, 7n], type: 'INT64' },
          {
            name: 'messages',
            data: [null, [{ role: 'user', content: 'x' }], null],
            type: 'JSON',
            nullable: true,
          },
        ],
      }),
    );
    expect(await open('a.parquet', bytes)).toMatchObject({
      rows: [
        { prompt: 'a', max_tokens: 5 },
        { prompt: 'b', max_tokens: 6, messages: [{ role: 'user', content: 'x' }] },
        { prompt: 'c', max_tokens: 7 },
      ],
      places: [1, 2, 3].map((row) => `${join(directory, 'a.parquet')}: row ${row}`),
    });
  });

  test('a folder: its files in the order of their names', async () => {
    await mkdir(join(directory, 'parts'));
    await writeFile(join(directory, 'parts', 'b.txt'), 'third');
    await writeFile(join(directory, 'parts', 'a.csv'), 'prompt\nfirst\nsecond\n');
    const dataset = await openDataset(join(directory, 'parts'));
    expect([...dataset.rows()].map(({ values }) => values.prompt)).toEqual(['first', 'second', 'third']);
    await writeFile(join(directory, 'parts', 'README.md'), 'no data');
    await expect(openDataset(join(directory, 'parts'))).rejects.toThrow(
      'README.md: the extension must be one of',
    );
  });

  test.each(['\n', '\r\n', '\r', '\r\r', '\n\r'])('lines that end in %j', async (end) => {
    const lines = [{ prompt: 'a' }, { prompt: 'b' }, { prompt: 'c' }].map((row) => JSON.stringify(row));
    const wanted = [{ prompt: 'a' }, { prompt: 'b' }, { prompt: 'c' }];
    expect(await rowsOf('a.jsonl', lines.join(end))).toEqual(wanted);
    expect(await rowsOf('a.ndjson', lines.join(end) + end)).toEqual(wanted);
    expect(await rowsOf('a.txt', ['a', 'b', 'c'].join(end))).toEqual(wanted);
    expect(await rowsOf('a.csv', ['prompt', 'a', 'b', 'c'].join(end))).toEqual(wanted);
  });

  test('JSON: an array of objects, of texts, of conversations', async () => {
    expect(await rowsOf('a.json', '\ufeff[{"prompt":"a"},\n{"prompt":"b"}]')).toEqual([
      { prompt: 'a' },
      { prompt: 'b' },
    ]);
    expect(await rowsOf('a.json', '["a","b"]')).toEqual([{ prompt: 'a' }, { prompt: 'b' }]);
    const messages = [{ role: 'user', content: 'a' }];
    expect(await rowsOf('a.json', JSON.stringify([messages, messages]))).toEqual([
      { messages },
      { messages },
    ]);
    const turns = [{ from: 'human', value: 'q' }];
    expect(await rowsOf('a.json', JSON.stringify([turns]))).toEqual([{ prompt: 'q' }]);
  });

  test('JSON lines: texts and conversations too', async () => {
    expect(await rowsOf('a.jsonl', '"a"\n[{"role":"user","content":"b"}]')).toEqual([
      { prompt: 'a' },
      { messages: [{ role: 'user', content: 'b' }] },
    ]);
  });

  test('a .json file may hold JSON lines, or one row', async () => {
    expect(await rowsOf('a.json', '{"prompt":"a"}\n{"prompt":"b"}\n')).toEqual([
      { prompt: 'a' },
      { prompt: 'b' },
    ]);
    expect(await rowsOf('a.json', '{"prompt":"a"}')).toEqual([{ prompt: 'a' }]);
    expect(await rowsOf('a.json', '{\n  "prompt": "a"\n}\n')).toEqual([{ prompt: 'a' }]);
  });

  test('CSV: quotes, line breaks in cells, JSON cells, byte order mark, blank cells', async () => {
    const text =
      '\ufeffprompt,messages\r\n"a, ""b""\r\nc",\r\n\r\n ,"[{""role"":""user"",""content"":""d""}]"\r\n';
    expect(await rowsOf('a.CSV', text)).toEqual([
      { prompt: 'a, "b"\r\nc' },
      { messages: [{ role: 'user', content: 'd' }] },
    ]);
  });

  test('text: a prompt a line', async () => {
    expect(await rowsOf('a.txt', 'one two\r\n\n three')).toEqual([
      { prompt: 'one two' },
      { prompt: ' three' },
    ]);
  });

  test.each(['UTF-16LE', 'UTF-16BE'])('%s with a byte order mark', async (encoding) => {
    const encoded = (text: string) => utf16(text, encoding === 'UTF-16BE');
    expect(await rowsOf('a.jsonl', encoded('{"prompt":"né 🙂"}\r\n'))).toEqual([{ prompt: 'né 🙂' }]);
    expect(await rowsOf('a.json', encoded('["a"]'))).toEqual([{ prompt: 'a' }]);
    expect(await rowsOf('a.csv', encoded('prompt\r\na\r\n'))).toEqual([{ prompt: 'a' }]);
  });

  test('whatever prompts are written come back from JSON lines and CSV', async () => {
    const prompt = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '');
    const prompts = fc.array(prompt, { minLength: 1, maxLength: 20 });
    const lineBreaks = fc.constantFrom('\n', '\r\n', '\r');
    const encodings = fc.constantFrom<(text: string) => string | Uint8Array>(
      (text) => text,
      (text) => `\ufeff${text}`,
      (text) => utf16(text, false),
      (text) => utf16(text, true),
    );
    await fc.assert(
      fc.asyncProperty(prompts, lineBreaks, encodings, async (texts, lineBreak, encoded) => {
        const wanted = texts.map((text) => ({ prompt: text }));
        const lines = wanted.map((row) => JSON.stringify(row)).join(lineBreak);
        const cells = texts.map((text) => `"${text.replaceAll('"', '""')}"`);
        expect(await rowsOf('any.jsonl', encoded(lines))).toEqual(wanted);
        expect(await rowsOf('any.csv', encoded(['prompt', ...cells].join(lineBreak)))).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });

  test('the place of a row is where it begins, whatever ends lines', async () => {
    const counts = fc.array(fc.nat(3), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(counts, fc.constantFrom('\n', '\r\n', '\r'), async (blankLines, lineBreak) => {
        let line = 0;
        const lines = blankLines.map((blank) => {
          line += blank + 1;
          return line;
        });
        const texts = blankLines.flatMap((blank) => [...new Array<string>(blank).fill(''), '{"prompt":"a"}']);
        const dataset = await open('places.jsonl', texts.join(lineBreak));
        expect(dataset.places.map((place) => place.split(':').at(-1))).toEqual(lines.map(String));
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
      'a.jsonl:3:11: invalid JSON: expected a JSON value (got the end)',
    ],
    ['a.jsonl', '{"prompt":"a", }', 'a.jsonl:1:16: invalid JSON: expected a name in double quotes (got "}")'],
    [
      'a.jsonl',
      '{"prompt":"a"}\n{"prompt":"b","temperature":NaN}',
      'a.jsonl:2:29: invalid JSON: expected a JSON value (got "NaN}")',
    ],
    [
      'a.jsonl',
      '{"prompt":"a"}\r\n["b"]',
      'a.jsonl:2: must be an object, a text or a list of messages (got ["b"])',
    ],
    [
      'a.jsonl',
      '{"text":"a","id":1}',
      'a.jsonl:1: the row needs a column prompt, messages or input_tokens (got only "text", "id")',
    ],
    ['a.jsonl', '{}', 'a.jsonl:1: the row is empty; it needs a column prompt, messages or input_tokens'],
    ['a.jsonl', '{"prompt":""}', 'a.jsonl:1: prompt is empty'],
    ['a.jsonl', '""', 'a.jsonl:1: prompt is empty'],
    ['a.jsonl', '{"prompt":5}', 'a.jsonl:1: prompt: must be text (got 5)'],
    [
      'a.jsonl',
      '{"input_tokens":[1,-2]}',
      'a.jsonl:1: input_tokens: must be a list of token ids (got [1,-2])',
    ],
    [
      'a.jsonl',
      '{"input_tokens":[1],"token_ids":[1]}',
      'a.jsonl:1: has both input_tokens and token_ids; keep one of them',
    ],
    ['a.jsonl', '\n \n', 'a.jsonl: has no rows'],
    [
      'a.jsonl',
      Uint8Array.of(0x7b, 0x7d, 0x0a, 0xff),
      'a.jsonl:1: the row is empty; it needs a column prompt',
    ],
    ['b.jsonl', Uint8Array.of(0xff, 0x0a), 'b.jsonl:1: is not UTF-8 text; save it as UTF-8'],
    [
      'a.jsonl',
      Buffer.from('{"prompt":"a"}', 'utf16le'),
      'a.jsonl: looks like UTF-16 text without a byte order',
    ],
    ['a.jsonl', Buffer.from('{"prompt":"a"}', 'utf16le').swap16(), 'a.jsonl: looks like UTF-16 text without'],
    ['a.jsonl', Uint8Array.of(0xff, 0xfe, 0, 0xd8), 'a.jsonl: is damaged UTF-16 text; save it as UTF-8'],
    ['a.jsonl', Uint8Array.of(0xff, 0xfe, 0, 0, 0x22, 0, 0, 0), 'a.jsonl: is UTF-32 text; save it as UTF-8'],
    ['a.json', '[]', 'a.json: has no rows'],
    ['a.json', '7', 'a.json: must be a JSON array with one item per request (got 7)'],
    [
      'a.json',
      '{"data":[]}',
      'a.json:1: the row needs a column prompt, messages or input_tokens (got only "data")',
    ],
    [
      'a.json',
      '[{"prompt":"a"},\n\n 7]',
      'a.json:3 (item 2): must be an object, a text or a list of messages (got 7)',
    ],
    ['a.json', '[\r{"prompt":"]\\",["},\r{"prompt":" "}]', 'a.json:3 (item 2): prompt is empty'],
    ['a.json', '[{"prompt":"a"}\n', 'a.json:2:1: invalid JSON: expected "," or "]" (got the end)'],
    ['a.csv', 'prompt\n', 'a.csv: has no rows'],
    ['a.csv', '', 'a.csv: has no rows'],
    [
      'a.csv',
      'prompt,b\r\n"x\r\ny",1\r\n\r\nz\r\n',
      'a.csv:5: the row has 1 cell, but the header names 2 columns',
    ],
    ['a.csv', 'prompt,b\rx,1\ry\r', 'a.csv:3: the row has 1 cell, but the header names 2 columns'],
    ['a.csv', 'prompt,n\rx,1\r,1\r', 'a.csv:3: prompt is empty'],
    ['a.csv', 'prompt,temperature\nred,NaN\n', 'a.csv:2: temperature: must be a number (got "NaN")'],
    ['a.csv', 'prompt,prompt\na,b', 'a.csv:1: column "prompt" appears twice; rename one of them'],
    [
      'a.csv',
      'text\na',
      'a.csv:2: the row needs a column prompt, messages or input_tokens (got only "text")',
    ],
    ['a.csv', 'messages\n[1', 'a.csv:2: messages: must be JSON (got "[1")'],
    ['a.csv', 'prompt\na\n"b', 'a.csv:3: Quote Not Closed'],
    [
      'a.xml',
      'x',
      'a.xml: the extension must be one of .jsonl, .ndjson, .json, .csv, .parquet, .txt (got ".xml")',
    ],
    ['a.parquet', 'x', 'a.parquet: cannot be read as Parquet'],
    ['a.jsonl.gz', Buffer.from('1f8b0800', 'hex'), 'a.jsonl.gz: is damaged gzip data'],
  ])('%s %j', async (name, content, message) => {
    expect(await refusal(name, content)).toContain(message);
  });

  test('a row above the limit, with its line, whatever the format', async () => {
    const long = Buffer.alloc(2 ** 26 + 1, 'x');
    const within = (before: string, after: string) =>
      Buffer.concat([Buffer.from(before), long, Buffer.from(after)]);
    const limit = 'the limit for one request is 67,108,864';
    expect(await refusal('a.jsonl', within('{"prompt":"a"}\n{"prompt":"', '"}\n'))).toBe(
      `a.jsonl:2: the row has 67,108,878 bytes; ${limit}`,
    );
    expect(await refusal('a.csv', within('prompt\na\nb\n', '\n'))).toBe(
      `a.csv:4: the row has 67,108,866 bytes; ${limit}`,
    );
    expect(await refusal('a.txt', within('a\n\n', '\n'))).toBe(
      `a.txt:3: the row has 67,108,865 bytes; ${limit}`,
    );
    const { rows, skipped } = await open('a.txt', within('a\n', '\nb'), true);
    expect(rows).toEqual([{ prompt: 'a' }, { prompt: 'b' }]);
    expect(skipped).toHaveLength(1);
  });

  test('a file that is not there, and a directory', async () => {
    await expect(openDataset(join(directory, 'none.jsonl'))).rejects.toThrow('cannot be read: ENOENT');
    await mkdir(join(directory, 'folder.json'));
    await expect(openDataset(join(directory, 'folder.json'))).rejects.toThrow(
      'folder.json: is a folder without files',
    );
  });
});

describe('bad rows are skipped when that is wanted', () => {
  test('and told with their places', async () => {
    const text =
      '{"prompt":"a"}\n{"prompt":""}\nnonsense\n{"prompt":"b","temperature":"hot"}\n{"prompt":"c"}\n';
    const dataset = await open('a.jsonl', text, true);
    expect(dataset.rows).toEqual([{ prompt: 'a' }, { prompt: 'c' }]);
    expect(dataset.places[1]).toMatch(/a\.jsonl:5$/);
    expect(dataset.skipped.map((message) => message.replace(`${directory}/`, ''))).toEqual([
      'a.jsonl:2: prompt is empty',
      'a.jsonl:3:1: invalid JSON: expected a JSON value (got "nonsense")',
      'a.jsonl:4: temperature: must be a number (got "hot")',
    ]);
  });

  test('but a file without a good one is refused', async () => {
    await expect(open('a.csv', 'prompt,n\n,1\n,2\n', true)).rejects.toThrow(
      'a.csv: has no usable row; the first one: ',
    );
  });
});

describe('a file that is too large', () => {
  /** Begins with a text and has zeros behind, which take no room on the disk. */
  async function sparse(name: string, start: string, mebibytes: number): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, start);
    await truncate(path, mebibytes * 2 ** 20);
    return path;
  }

  test('is refused by its size, the limit and what to do, not as broken JSON', async () => {
    await expect(openDataset(await sparse('list.json', '[', 600))).rejects.toThrow(
      /list\.json: holds 600 MiB, .* at most 512 MiB; convert it to JSON lines/,
    );
    await expect(openDataset(await sparse('table.csv', 'prompt\n', 3 * 1024))).rejects.toThrow(
      /table\.csv: has 3\.00 GiB; only files of JSON lines or text, .* more than 2 GiB/,
    );
  });

  test('is no such file where it has lines of JSON: these are read part by part', async () => {
    const path = join(directory, 'lines.jsonl');
    const line = `${JSON.stringify({ prompt: 'x'.repeat(1000) })}\n`;
    await writeFile(path, line.repeat(270_000));
    const dataset = await openDataset(path);
    let count = 0;
    for (const { place } of dataset.rows()) {
      count += 1;
      if (count === 269_999) expect(place()).toBe(`${path}:269999`);
    }
    expect(count).toBe(270_000);
  });

  test('is read row by row where it holds JSON lines, whatever it is called', async () => {
    const path = await sparse('lines.json', '{"prompt":"one"}\n', 600);
    const dataset = await openDataset(path, { skipBadRows: true });
    const rows = [...dataset.rows()].map(({ values }) => values);
    expect([rows, dataset.skipped.length]).toEqual([[{ prompt: 'one' }], 1]);
  });
});
