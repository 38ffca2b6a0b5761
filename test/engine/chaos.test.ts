import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RandomSource } from '../../src/core/random.ts';
import { LocalEngine } from './harness.ts';
import {
  ANSWER,
  inChunks,
  type RawRequest,
  startRawServer,
  STREAM,
  STREAM_HEAD,
  withLength,
} from './raw-server.ts';

const WHOLE = [
  Buffer.from(withLength(ANSWER)),
  inChunks(ANSWER, 13, 'HTTP/1.1 200 OK\r\nContent-Type: application/json'),
  inChunks(STREAM, 50, STREAM_HEAD),
  Buffer.from(withLength('no room', 'HTTP/1.1 503 Busy')),
  Buffer.from(`${withLength(ANSWER, 'HTTP/1.0 200 OK')}`),
];

/** Answers well or badly, as drawn: whole, cut anywhere, with bytes changed, garbage, silence; then perhaps the end. */
class ChaosServer {
  readonly #random: RandomSource;

  constructor(seed: number) {
    this.#random = new RandomSource(seed);
  }

  answer({ socket }: RawRequest): void {
    const random = this.#random;
    const response = Buffer.from(WHOLE[random.below(WHOLE.length)]!);
    const fate = random.below(10);
    if (fate === 0) socket.destroy();
    else if (fate === 1) socket.resetAndDestroy();
    else if (fate === 2) socket.end(response.subarray(0, random.below(response.length)));
    else if (fate === 3) {
      for (let changes = 1 + random.below(8); changes > 0; changes--) {
        response[random.below(response.length)] = random.below(256);
      }
      socket.write(response);
    } else if (fate === 4) socket.write(Buffer.from(Array.from({ length: 50 }, () => random.below(256))));
    else if (fate === 5) socket.write(Buffer.concat([response, response]));
    else if (fate === 6) {
      socket.write(response);
      setTimeout(() => socket.end(), random.below(3));
    } else {
      const cut = random.below(response.length);
      socket.write(response.subarray(0, cut));
      setTimeout(() => socket.write(response.subarray(cut)), random.below(2));
    }
  }
}

test('whatever a server does, each sample is issued once and ends once, and the engine lives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.boolean(), async (seed, isOpenLoop) => {
      const chaos = new ChaosServer(seed);
      const server = await startRawServer((request) => chaos.answer(request));
      const engine = new LocalEngine({
        urls: [server.url],
        streaming: true,
        maxConnections: 8,
        requestTimeoutMs: 60,
      });
      try {
        const issued = await engine.run(
          isOpenLoop ? { pattern: 'poisson', ratePerSecond: 3000, seed } : { pattern: 'burst' },
          { maxSamples: 150 },
        );
        expect(issued).toBe(150);
        const samples = engine.samples();
        expect(samples.map(({ seq }) => seq)).toEqual(Array.from({ length: 150 }, (_, index) => index));
        for (const { topics, error, output, issuedNs, chunksNs, completedNs } of samples) {
          const chunks = chunksNs.map((_, index) =>
            index === 0 ? 'sample.recv_first' : 'sample.recv_non_first',
          );
          const ends = error === undefined ? ['sample.complete'] : ['error.generic', 'sample.complete'];
          expect(topics).toEqual(['sample.issued', ...chunks, ...ends]);
          expect(output === undefined).toBe(error !== undefined);
          const stamps = [issuedNs, ...chunksNs, completedNs];
          expect(stamps).toEqual(stamps.toSorted((a, b) => a - b));
        }
        expect(samples.some(({ error }) => error === undefined)).toBe(true);
      } finally {
        engine.close();
        await server.close();
      }
    }),
    { numRuns: 12 },
  );
});
