import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOfSorted } from '../../stats/quantile.ts';
import { calibratedLoad, compareWithTruth, summarise } from './truth-comparison.ts';
import type { SeenSample } from './seen-samples.ts';
import { parseTruth, type ServerTruth } from './server-truth.ts';

const MS = 1e6;
const ALWAYS = { fromNs: 0, toNs: 1e9 };

function truth(promptNumber: number, atNs: number, tokens: number): ServerTruth {
  const tokensNs = Array.from({ length: tokens }, (_, i) => atNs + (i + 1) * 10 * MS);
  const exact = {
    tokensEarlierNs: tokensNs.map(() => 0),
    tokensLaterNs: tokensNs.map(() => 0),
    endLaterNs: 0,
  };
  return { promptNumber, receivedNs: atNs, tokensNs, endNs: tokensNs.at(-1)!, ...exact };
}

/** What a client sees that sends `sendNs` too early and reads each token `readNs` too late. */
function seen({ promptNumber, receivedNs, tokensNs, endNs }: ServerTruth, sendNs: number, readNs: number) {
  return {
    row: promptNumber,
    issuedNs: receivedNs - sendNs,
    chunksNs: tokensNs.map((ns) => ns + readNs),
    completedNs: endNs + readNs,
    failed: false,
  } satisfies SeenSample;
}

describe('compareWithTruth', () => {
  it('finds what the client adds, and that it adds nothing to a gap', () => {
    const truths = [truth(7, 100 * MS, 3), truth(3, 120 * MS, 3)];
    const samples = truths.map((of) => seen(of, 20_000, 30_000)).reverse();
    const found = compareWithTruth(samples, truths, ALWAYS);
    const error = (count: number, ns: number) => ({ count, biasNs: ns, p50Ns: ns, p99Ns: ns, maxNs: ns });
    expect(found).toEqual({
      ttft: error(2, 50_000),
      chunkGap: error(4, 0),
      latency: error(2, 50_000),
      load: { requestsPerSecond: 2, streams: (2 * (30 * MS + 50_000)) / 1e9, chunksPerSecond: 6 },
      unmatched: 0,
    });
  });

  it('takes a gap that shrank for as wrong as one that grew', () => {
    const of = truth(1, 100 * MS, 3);
    const sample = { ...seen(of, 0, 0), chunksNs: [of.tokensNs[0]!, of.tokensNs[1]! + 900, of.tokensNs[2]!] };
    expect(compareWithTruth([sample], [of], ALWAYS).chunkGap).toMatchObject({ p50Ns: 900, maxNs: 900 });
  });

  it('compares only what was reported in the window', () => {
    const of = truth(1, 100 * MS, 5);
    const window = { fromNs: 115 * MS, toNs: 145 * MS };
    const { ttft, chunkGap, latency, load } = compareWithTruth([seen(of, 0, 0)], [of], window);
    expect(ttft).toBeNull();
    expect(chunkGap?.count).toBe(3);
    expect(latency).toBeNull();
    expect(load.requestsPerSecond).toBe(0);
  });

  it.each([
    ['failed', { failed: true }],
    ['never ended', { completedNs: null }],
    ['lost a chunk', { chunksNs: [110 * MS] }],
    ['is of a row the server never saw', { row: 9 }],
  ])('leaves out a sample that %s', (_what, change) => {
    const of = truth(1, 100 * MS, 2);
    const found = compareWithTruth([{ ...seen(of, 0, 0), ...change }], [of], ALWAYS);
    expect(found).toMatchObject({ ttft: null, chunkGap: null, latency: null, unmatched: 1 });
  });
});

describe('summarise', () => {
  it('has no summary of nothing', () => {
    expect(summarise([])).toBeNull();
  });

  it('takes percentiles as a report does, of the size but for the bias', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1 }), (errors) => {
        const at = (values: readonly number[], p: number) =>
          quantileOfSorted(
            [...values].sort((a, b) => a - b),
            p,
          );
        const sizes = errors.map((ns) => Math.abs(ns));
        expect(summarise(errors)).toEqual({
          count: errors.length,
          biasNs: at(errors, 50),
          p50Ns: at(sizes, 50),
          p99Ns: at(sizes, 99),
          maxNs: at(sizes, 100),
        });
      }),
    );
  });
});

describe('calibratedLoad', () => {
  const nominal = { requestsPerSecond: 100, streams: 50, chunksPerSecond: 5000 };

  it.each([
    ['keeps the plan where it is short by little', 1000, { requestsPerSecond: 91 }, {}],
    ['says what was reached where it is not', 1000, { chunksPerSecond: 3000 }, { chunksPerSecond: 3000 }],
    ['allows few arrivals more of chance', 1, { requestsPerSecond: 76 }, {}],
    ['but not any', 1, { requestsPerSecond: 74 }, { requestsPerSecond: 74 }],
  ])('%s', (_what, measuredSeconds, measured, change) => {
    expect(calibratedLoad(nominal, { ...nominal, ...measured }, measuredSeconds)).toEqual({
      ...nominal,
      ...change,
    });
  });
});

describe('parseTruth', () => {
  const line = (change: object) =>
    JSON.stringify({
      outcome: 'ok',
      prompt_number: 4,
      received_ns: '9007199254740993000',
      end_ns: '9007199254740993900',
      token_ns: ['9007199254740993100', '9007199254740993900'],
      token_earlier_ns: [0, 5],
      token_later_ns: [2, 3],
      end_later_ns: 7,
      ...change,
    });

  it('counts from the origin without losing a nanosecond', () => {
    expect(parseTruth(`${line({})}\n`, 9007199254740992999n)).toEqual([
      {
        promptNumber: 4,
        receivedNs: 1,
        tokensNs: [101, 901],
        endNs: 901,
        tokensEarlierNs: [0, 5],
        tokensLaterNs: [2, 3],
        endLaterNs: 7,
      },
    ]);
  });

  it('leaves out what can be compared with nothing', () => {
    const changes = [{ outcome: 'aborted' }, { prompt_number: null }, { token_ns: null }, { end_ns: null }];
    expect(parseTruth(changes.map(line).join('\n'), 0n)).toEqual([]);
  });
});
