import { afterEach, expect, test } from 'vitest';
import { AudioFile } from '../../src/core/audio-file.ts';
import { fullText } from '../../src/core/model-output-text.ts';
import { NS_PER_MS } from '../../src/core/time.ts';
import { COMPLETE_EXTRA } from '../../src/events/event-batch.ts';
import type { ApiName } from '../../src/protocol/adapters.ts';
import { answerText } from '../../src/testing/answer-frames.ts';
import { MOCK_IMAGE_BYTES } from '../../src/testing/image-frames.ts';
import type { MockServer } from '../../src/testing/mock-server.ts';
import {
  MOCK_TOKEN_AUDIO_MS,
  MOCK_TOKEN_SOUND_BYTES,
  MOCK_WAV_HEAD_BYTES,
} from '../../src/testing/speech-frames.ts';
import type { Outcome } from '../../src/testing/truth-log.ts';
import { LocalEngine } from './harness.ts';
import { inChunks, startRawServer } from './raw-server.ts';
import { ERROR_TYPES, FAILURES, measurePairs, type Pair, serverWith } from './truth-pairs.ts';
import { wavFile } from './wav-file.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function mockWith(failures: readonly string[]): Promise<MockServer> {
  const server = await serverWith(failures);
  closing.push(() => server.close());
  return server;
}

const FILE = new AudioFile('a.wav', wavFile(0.5));
const ROWS = {
  images: (row: number) => ({ prompt: `#${row} a sea`, n: 2 }),
  speech: (row: number) => ({ prompt: `#${row} the sea`, response_format: 'wav' }),
  transcription: (row: number) => ({ prompt: `#${row} of the sea`, file: FILE }),
} as const;
/** What the sound of a file can't tell goes by unnoticed. */
const UNTOLD = ['garbage', 'error'];

test.each<[keyof typeof ROWS, boolean]>([
  ['images', true],
  ['images', false],
  ['speech', true],
  ['speech', false],
  ['transcription', true],
  ['transcription', false],
])('%s agrees with what the server did, failures included, streaming: %s', async (api, streaming) => {
  const isFile = api === 'speech' && !streaming;
  const server = await mockWith(
    FAILURES.filter((one) => !isFile || !UNTOLD.some((name) => one.includes(name))),
  );
  const outcomes = new Set<Outcome>();
  const measured = { api, streaming, samples: 80, timeoutMs: 1000, rowOf: ROWS[api] };
  for (const pair of await measurePairs(server, measured)) {
    const { sample, outcome } = pair;
    outcomes.add(outcome);
    // Of an empty body nobody knows that it was to be events.
    const emptyIs = streaming && api !== 'speech' ? 'stream_truncated' : 'malformed_response';
    expect(sample.error?.errorType).toBe(outcome === 'empty' ? emptyIs : ERROR_TYPES[outcome]);
    if (outcome === 'error') expect(sample.error?.errorMessage).toContain('the engine died');
    if (outcome === 'ok') expectTruth(pair, api, streaming);
  }
  expect(outcomes.size).toBeGreaterThan(isFile ? 4 : 6);
});

function expectTruth(pair: Pair, api: keyof typeof ROWS, streaming: boolean): void {
  const { sample, tokens, tokensNs, endNs } = pair;
  const [prompt, made] = tokens as readonly [number, number];
  const extra = (name: keyof typeof COMPLETE_EXTRA) => sample.completeExtras[COMPLETE_EXTRA[name]];
  expect(extra('flags')).toBe(0);
  expect(sample.completedNs).toBeGreaterThanOrEqual(endNs);
  if (api === 'transcription') {
    expect(fullText(sample.output!)).toBe(answerText(made));
    expect(sample.usage).toEqual(tokens);
    expect(extra('audioNs')).toBe(500 * NS_PER_MS);
    expect(sample.chunksNs).toHaveLength(streaming ? made : 0);
    return;
  }
  expect(sample.output).toEqual({ output: '', reasoning: null, toolCalls: null });
  if (api === 'images') {
    expect([extra('items'), extra('bytes')]).toEqual([2, 2 * MOCK_IMAGE_BYTES]);
    expect(sample.usage).toEqual([prompt, 272]);
  } else {
    expect(extra('bytes')).toBe(MOCK_WAV_HEAD_BYTES + made * MOCK_TOKEN_SOUND_BYTES);
    expect(extra('audioNs')).toBe(made * MOCK_TOKEN_AUDIO_MS * NS_PER_MS);
    expect(sample.usage).toEqual(streaming ? tokens : [NaN, NaN]);
  }
  // The header of a file is no sound, and what follows the first part is only counted.
  if (!streaming && api === 'images') expect(sample.chunksNs).toEqual([]);
  else {
    expect(sample.chunksNs).toHaveLength(1);
    expect(sample.chunksNs[0]).toBeGreaterThanOrEqual(tokensNs[0]!);
  }
}

/** What an engine makes of such a body in pieces of 7 bytes. */
async function responseTo(api: ApiName, row: object, body: Buffer, type: string) {
  const response = inChunks(body.toString('latin1'), 7, `HTTP/1.1 200 OK\r\nContent-Type: ${type}`);
  const server = await startRawServer(({ socket }) => socket.write(response));
  closing.push(() => server.close());
  const engine = new LocalEngine({ urls: [server.url], api, rows: [{ ...row }] });
  closing.push(() => engine.close());
  const [sample] = await engine.sendOneByOne();
  const { bytes, audioNs } = COMPLETE_EXTRA;
  return { error: sample!.error, extras: [bytes, audioNs].map((at) => sample!.completeExtras[at]) };
}

test('a page of a proxy is no sound', async () => {
  const page = Buffer.from('<html><body>Bad gateway</body></html>');
  const { error } = await responseTo('speech', { prompt: 'x' }, page, 'text/html');
  expect(error).toMatchObject({
    errorType: 'malformed_response',
    errorMessage: expect.stringContaining('the response must be sound (got <html>') as unknown,
  });
});

test('raw samples that begin with silence are counted from their first byte', async () => {
  const row = { prompt: 'x', response_format: 'pcm' };
  expect(await responseTo('speech', row, Buffer.alloc(4800), 'audio/pcm')).toEqual({
    error: undefined,
    extras: [4800, 100 * NS_PER_MS],
  });
  const slow = { ...row, sample_rate: 8000 };
  expect((await responseTo('speech', slow, Buffer.alloc(4800), 'audio/pcm')).extras[1]).toBe(300 * NS_PER_MS);
});
