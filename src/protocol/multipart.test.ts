import { expect, test } from 'vitest';
import { AudioFile } from '../core/audio-file.ts';
import { MULTIPART_TYPE, multipartBody } from './multipart.ts';

test('a body reads back as what was sent', async () => {
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, at) => at & 0xff));
  const body = multipartBody({
    file: new AudioFile('a "b"\r\n.wav', bytes),
    model: 'm',
    prompt: 'wörld\r\n--x',
    temperature: 0.5,
    stream: true,
    timestamp_granularities: ['word', 'segment'],
    extra: { a: 1 },
  });
  const form = await new Response(new Uint8Array(body), {
    headers: { 'content-type': MULTIPART_TYPE },
  }).formData();
  const file = form.get('file') as File;
  expect(file.name).toBe('a "b"\r\n.wav');
  expect(Buffer.from(await file.arrayBuffer())).toEqual(bytes);
  expect([...form.entries()].slice(1)).toEqual([
    ['model', 'm'],
    ['prompt', 'wörld\r\n--x'],
    ['temperature', '0.5'],
    ['stream', 'true'],
    ['timestamp_granularities[]', 'word'],
    ['timestamp_granularities[]', 'segment'],
    ['extra', '{"a":1}'],
  ]);
});

test('what has the boundary in it is refused', () => {
  const boundary = MULTIPART_TYPE.split('boundary=')[1]!;
  expect(() => multipartBody({ prompt: `x${boundary}` })).toThrow(
    'prompt must not have the text inferometer-',
  );
});
