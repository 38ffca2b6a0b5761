import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../core/log.ts';
import { EventKind } from '../../core/event-types.ts';
import type { Nanoseconds } from '../../core/time.ts';
import type { TextModelOutput } from '../../core/model-output.ts';
import { buildEventBatch } from '../../events/batch-builder.ts';
import { decodeBatch, encodeBatchFrame } from '../../events/columnar-codec.ts';
import { payloadOf } from '../../events/event-batch.ts';
import { decodePayload, PayloadEncoder } from '../../events/payload.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../../transport/frame.ts';
import { SecretMask, warnOfShortSecrets } from './secret-mask.ts';

const KEY = 'sk-01/23+45=6789';

/** A text in a frame of the log, masked. */
function masked(text: string, ...secrets: string[]): string {
  const frame = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), Buffer.from(text)]);
  new SecretMask(secrets).apply(FrameKind.mark, frame);
  return frame.subarray(FRAME_HEADER_BYTES).toString();
}

/** Payloads in a frame of events, masked. */
function maskedPayloads(payloads: readonly Uint8Array[], ...secrets: string[]) {
  const frame = encodeBatchFrame(
    buildEventBatch(
      payloads.map((payload) => ({
        kind: EventKind.sampleComplete,
        timestampNs: 1 as Nanoseconds,
        payload,
        note: { finishReason: `because ${KEY}` },
      })),
    ),
  );
  const before = frame.length;
  new SecretMask(secrets).apply(FrameKind.events, frame);
  expect(frame.length).toBe(before);
  const batch = decodeBatch(frame.subarray(FRAME_HEADER_BYTES));
  return payloads.map((_, index) => decodePayload(payloadOf(batch, index)!).data);
}

function maskedAnswer(answer: Partial<TextModelOutput>, ...secrets: string[]): TextModelOutput {
  const whole = { output: '', reasoning: null, toolCalls: null, ...answer };
  return maskedPayloads([new PayloadEncoder().textModelOutput(whole)], ...secrets)[0] as TextModelOutput;
}

function maskedError(errorMessage: string, ...secrets: string[]): unknown {
  const payload = new PayloadEncoder().errorData({ errorType: 'http_401', errorMessage });
  return (maskedPayloads([payload], ...secrets)[0] as { errorMessage: string }).errorMessage;
}

describe('SecretMask', () => {
  it('masks each occurrence and keeps the length', () => {
    expect(masked('bad key sk-0123456789, again sk-0123456789!', 'sk-0123456789')).toBe(
      'bad key *************, again *************!',
    );
  });

  it('masks what a cut left of a secret', () => {
    expect(masked('bad key sk-0123456', 'sk-0123456789')).toBe('bad key **********');
  });

  it('leaves what is no secret', () => {
    expect(masked('sk-012 and sk-9999999', 'sk-0123456789')).toBe('sk-012 and sk-9999999');
    expect(masked('50% of \\u00e9 and 100%25 \\/ \\', 'sk-0123456789')).toBe(
      '50% of \\u00e9 and 100%25 \\/ \\',
    );
    expect(masked('nothing to hide')).toBe('nothing to hide');
  });

  it('masks several', () => {
    expect(masked('first-key second-key', 'first-key', 'second-key')).toBe('********* **********');
  });

  it.each([
    ['slashes', KEY.replaceAll('/', '\\/')],
    ['some letters', KEY.replaceAll('/', '\\u002F').replaceAll('+', '\\u002b')],
    ['the last letter', `${KEY.slice(0, -1)}\\u0039`],
    ['all letters', escapedAll(KEY)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(escapedAll(KEY))).slice(3, -3)],
    ['a URL', encodeURIComponent(KEY)],
  ])('masks to its end what is escaped: %s', (_what, escaped) => {
    const text = `bad "key" ${escaped}!`;
    expect(masked(text, KEY)).toBe(`bad "key" ${'*'.repeat(escaped.length)}!`);
    expect(maskedError(text, KEY)).toBe(`bad "key" ${'*'.repeat(escaped.length)}!`);
    expect(maskedAnswer({ output: text }, KEY).output).toBe(`bad "key" ${'*'.repeat(escaped.length)}!`);
  });

  it('masks any escaping at any place', () => {
    const letter = fc.constantFrom(
      (c: string) => c,
      escapedAll,
      (c: string) => `%${c.charCodeAt(0).toString(16)}`,
      (c: string) => (c === '/' ? '\\/' : c),
    );
    const letters = fc.array(letter, { minLength: KEY.length, maxLength: KEY.length });
    const around = fc.string({ unit: fc.constantFrom('a', '\\', '%', '\\u00', 'é', '"') });
    fc.assert(
      fc.property(letters, around, around, (encoders, before, after) => {
        const escaped = [...KEY].map((c, i) => encoders[i]!(c)).join('');
        // A backslash or a percent sign right before would make another letter of the first.
        const text = `${before} ${escaped} ${after}`;
        expect(masked(text, KEY)).toBe(`${before} ${'*'.repeat(escaped.length)} ${after}`);
      }),
    );
  });

  it('masks what came in parts, wherever it was cut', () => {
    for (let cut = 0; cut <= KEY.length; cut++) {
      const [first, rest] = [`so: ${KEY.slice(0, cut)}`, `${KEY.slice(cut)}, it is${' and on'.repeat(500)}`];
      const both = maskedAnswer({ output: [first, rest], reasoning: [first, rest] }, KEY);
      expect(both.output).toEqual([
        `so: ${'*'.repeat(cut)}`,
        rest.replace(/^[^,]*/, '*'.repeat(KEY.length - cut)),
      ]);
      expect(both.reasoning).toEqual(both.output);
    }
  });

  it('masks what came letter by letter in the fragments of a tool call', () => {
    const fragments = [...`{"key": "${escapedAll(KEY)}"}`].map((letter) => [
      { index: 0, type: 'function', function: { arguments: letter } },
    ]);
    const { toolCalls } = maskedAnswer({ toolCalls: fragments }, KEY);
    const said = (toolCalls as typeof fragments).flat().map((call) => call.function.arguments);
    expect(said.join('')).toBe(`{"key": "${'*'.repeat(6 * KEY.length)}"}`);
  });

  it('masks in finish reasons', () => {
    const frame = encodeBatchFrame(
      buildEventBatch([
        { kind: EventKind.sampleComplete, timestampNs: 1 as Nanoseconds, finishReason: escapedAll(KEY) },
      ]),
    );
    new SecretMask([KEY]).apply(FrameKind.events, frame);
    expect(Buffer.from(frame).toString('latin1')).toContain('*'.repeat(6 * KEY.length));
  });

  it('masks short secrets in error messages, as words, and leaves answers alone', () => {
    expect(maskedError('bad key s3cr, or \\u00733cr; s3crets are fine', 's3cr')).toBe(
      'bad key ****, or *********; s3crets are fine',
    );
    expect(maskedAnswer({ output: ['EMPTY', ' x EMPTY'] }, 'x', 'EMPTY').output).toEqual([
      'EMPTY',
      ' x EMPTY',
    ]);
    expect(maskedError('x is EMPTY', 'x', 'EMPTY')).toBe('x is *****');
    expect(masked('x marks EMPTY columns', 'x', 'EMPTY')).toBe('x marks EMPTY columns');
  });

  it('masks a message that is shown before it is recorded', () => {
    const mask = new SecretMask([KEY, 'short']);
    expect(mask.message(`HTTP 401: ${KEY} ${escapedAll(KEY)} short é`)).toBe(
      `HTTP 401: ${'*'.repeat(KEY.length)} ${'*'.repeat(6 * KEY.length)} ***** é`,
    );
  });

  it('takes no longer for many escapes', () => {
    const startedMs = performance.now();
    masked('\\u0041\\/'.repeat(100_000), KEY);
    masked('\\'.repeat(1_000_000), KEY);
    masked('%41 '.repeat(250_000), KEY);
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});

it('says which secrets are too short to be masked', () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  warnOfShortSecrets(
    [
      { where: '--api-key', text: 'EMPTY' },
      { where: 'header X-Key', text: 'x' },
      { where: 'header X-Long', text: KEY },
    ],
    log,
  );
  expect(lines).toEqual([
    expect.stringMatching(/--api-key: a value of 5 bytes .* masked in error messages only/),
    expect.stringMatching(/header X-Key: a value of 1 byte .* not masked/),
  ]);
});

function escapedAll(text: string): string {
  return [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}
