import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SampleStore } from './sample-store.ts';

const CHUNK_SAMPLES = 65_536;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'inferometer-store-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Appends samples, each of which completes once `lagOf` more were appended; the value of each is its position. */
function filled(count: number, lagOf: (position: number) => number): SampleStore {
  const ending = new Map<number, number[]>();
  const inFlight = new Set<number>();
  const store = new SampleStore({ spillDirectory: directory, inFlight: () => inFlight, residentChunks: 2 });
  const complete = (position: number) => {
    store.seek(position);
    store.columns.completedNs[store.row] = position + 0.5;
    store.columns.chunks[store.row]! += 1;
    inFlight.delete(position);
  };
  for (let at = 0; at < count; at++) {
    for (const position of ending.get(at) ?? []) complete(position);
    ending.delete(at);
    const position = store.append();
    expect(position).toBe(at);
    store.columns.issuedNs[store.row] = position;
    store.columns.outcomes[store.row] = position % 3;
    inFlight.add(position);
    const endsAt = at + 1 + lagOf(at);
    const others = ending.get(endsAt);
    if (others === undefined) ending.set(endsAt, [position]);
    else others.push(position);
  }
  for (const position of [...inFlight]) complete(position);
  return store;
}

function expectWhole(store: SampleStore, count: number): void {
  let position = 0;
  for (const { count: rows, issuedNs, completedNs, chunks, outcomes } of store.chunks()) {
    for (let i = 0; i < rows; i++, position++) {
      const isRight =
        issuedNs[i] === position &&
        completedNs[i] === position + 0.5 &&
        chunks[i] === 1 &&
        outcomes[i] === position % 3;
      if (!isRight)
        expect([position, issuedNs[i], completedNs[i], chunks[i], outcomes[i]]).toBe('as written');
    }
  }
  expect(position).toBe(count);
}

describe('SampleStore', () => {
  it('gives back every row, of memory and of the file, however late it was changed', () => {
    const count = 5 * CHUNK_SAMPLES + 17;
    // Each 20,000th waits for ever, each 3000th for four chunks.
    const lagOf = (at: number) =>
      at % 20_000 === 0 ? Infinity : at % 3000 === 0 ? 4 * CHUNK_SAMPLES : at % 50;
    const store = filled(count, lagOf);
    expectWhole(store, count);
    expectWhole(store, count);
    store.close();
  });

  it('leaves no file behind, not even while it is in use', () => {
    const store = filled(3 * CHUNK_SAMPLES, () => 1);
    expect(readdirSync(directory)).toEqual([]);
    store.close();
  });

  it('holds any mixture of lags', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3 * CHUNK_SAMPLES), { minLength: 1, maxLength: 50 }), (lags) => {
        const count = 3 * CHUNK_SAMPLES + 5;
        const store = filled(count, (at) => (at % 997 === 0 ? lags[at % lags.length]! : 0));
        expectWhole(store, count);
        store.close();
      }),
      { numRuns: 3 },
    );
  });

  it('says what it can’t use when memory does not suffice', () => {
    const store = new SampleStore({
      ...{ spillDirectory: join(directory, 'missing'), inFlight: () => [], residentChunks: 1 },
    });
    expect(() => {
      for (let i = 0; i <= CHUNK_SAMPLES; i++) store.append();
    }).toThrow(/missing: a temporary file for the samples that don't fit into memory can't be used \(ENOENT/);
  });
});
