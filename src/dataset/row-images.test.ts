import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareRun } from '../app/run/prepare.ts';
import { resolveConfig } from '../config/resolve.ts';
import { SILENT_LOG } from '../core/log.ts';
import { openDataset } from './open-dataset.ts';
import type { RowValues } from './row.ts';

const place = mkdtempSync(join(tmpdir(), 'inferometer-images-'));
const folder = join(place, 'data');
const PNG = Buffer.from('89504e470d0a1a0a0000000d4948445200000001', 'hex');
const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const asUrl = (type: string, bytes: Buffer) => `data:image/${type};base64,${bytes.toString('base64')}`;
const part = (url: string) => ({ type: 'image_url', image_url: { url } });
const text = (value: string) => ({ type: 'text', text: value });

beforeAll(() => {
  mkdirSync(join(folder, 'pictures'), { recursive: true });
  writeFileSync(join(folder, 'a.png'), PNG);
  writeFileSync(join(folder, 'pictures/b.jpg'), JPEG);
  writeFileSync(join(folder, 'key.png'), 'PRIVATE KEY');
  writeFileSync(join(place, 'outside.png'), PNG);
  symlinkSync(join(place, 'outside.png'), join(folder, 'link.png'));
});
afterAll(() => rmSync(place, { recursive: true }));

async function rowOf(row: object | string, name = 'd.jsonl'): Promise<RowValues> {
  const path = join(folder, name);
  writeFileSync(path, typeof row === 'string' ? row : JSON.stringify(row));
  const [first] = [...(await openDataset(path)).rows()];
  return first!.values;
}

describe('images of a row', () => {
  it.each([
    ['https://x/1.png', 'https://x/1.png'],
    ['data:image/gif;base64,R0lG', 'data:image/gif;base64,R0lG'],
    ['a.png', asUrl('png', PNG)],
    ['pictures/b.jpg', asUrl('jpeg', JPEG)],
    [join(folder, 'a.png'), asUrl('png', PNG)],
    [PNG.toString('base64'), asUrl('png', PNG)],
    [{ bytes: null, path: 'a.png' }, asUrl('png', PNG)],
  ])('%j goes behind the prompt as a URL', async (image, url) => {
    expect(await rowOf({ prompt: 'what?', image, top_k: 1 })).toEqual({
      prompt: [text('what?'), part(url)],
      top_k: 1,
    });
  });

  it('may be several, and go with the last message of the user', async () => {
    const answer = { role: 'assistant', content: 'yes' };
    const messages = [{ role: 'user', content: 'a' }, answer, { role: 'user', content: [text('b')] }];
    expect(await rowOf({ messages, images: ['https://x/1.png', 'a.png'] })).toEqual({
      messages: [
        messages[0],
        answer,
        { role: 'user', content: [text('b'), part('https://x/1.png'), part(asUrl('png', PNG))] },
      ],
    });
  });

  it('are a name or a JSON list in CSV; a blank cell is none', async () => {
    const row = await rowOf('prompt,images\na,"[""a.png"", ""https://x/1.png""]"\n', 'd.csv');
    expect(row).toEqual({ prompt: [text('a'), part(asUrl('png', PNG)), part('https://x/1.png')] });
    expect(await rowOf('prompt,image\na,\n', 'd.csv')).toEqual({ prompt: 'a' });
  });

  it.each([
    [
      '../outside.png',
      'd.jsonl:1: image: "../outside.png" must be in the folder of the dataset, or below it',
    ],
    ['link.png', '"link.png" must be in the folder of the dataset, or below it'],
    ['key.png', 'd.jsonl:1: image: must be a PNG, JPEG, GIF or WebP image'],
    ['none.png', '"none.png" cannot be read (ENOENT'],
    ['pictures', 'must be a regular file (it is a folder)'],
    [7, 'd.jsonl:1: image: must be a URL, a data: URL, base64 or the path of a file (got 7)'],
  ])('%j is refused', async (image, message) => {
    await expect(rowOf({ prompt: 'what?', image })).rejects.toThrow(message);
  });

  it('are refused for an API without messages', async () => {
    await rowOf({ prompt: 'what?', image: 'a.png' }, 'e.jsonl');
    const flags = [
      ['--endpoint', ['http://127.0.0.1:1']],
      ['--model', ['m']],
      ['--dataset', [join(folder, 'e.jsonl')]],
    ] as const;
    const prepare = (api: string) =>
      prepareRun(
        resolveConfig({ environment: {}, flags: new Map([...flags, ['--api', [api]]]) }),
        SILENT_LOG,
      );
    await expect(prepare('completions')).rejects.toThrow(
      'e.jsonl:1: has images, which --api completions does not take',
    );
    const { arenas } = await prepare('chat');
    expect(Buffer.from(arenas[0]!.requestBytes(0)).toString()).toContain(asUrl('png', PNG));
  });
});
