import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClockOffset, type ClockPing } from './clock-offset.ts';

const MS = 1_000_000n;

/** A ping to a clock that is `offsetNs` ahead, whose two messages take so long. */
function ping(sentNs: bigint, offsetNs: bigint, thereNs: bigint, backNs: bigint): ClockPing {
  return { sentNs, remoteNs: sentNs + thereNs + offsetNs, receivedNs: sentNs + thereNs + backNs };
}

describe('the offset between two clocks', () => {
  test('the true offset is within the error of the best ping, however long each message took', () => {
    const delay = fc.bigInt({ min: 1_000n, max: 20n * MS });
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
        fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 40 }),
        (offsetNs, delays) => {
          const clock = new ClockOffset();
          let sentNs = 0n;
          for (const [thereNs, backNs] of delays) {
            clock.add(ping(sentNs, offsetNs, thereNs, backNs));
            sentNs += 5n * MS;
          }
          const { offsetNs: found, errorNs } = clock.at(sentNs)!;
          expect(Math.abs(Number(found - offsetNs))).toBeLessThanOrEqual(errorNs + 1);
          const shortest = Math.min(...delays.map(([there, back]) => Number(there + back)));
          expect(errorNs).toBeLessThanOrEqual(shortest / 2 + 40 * 5e6 * 50e-6 + 2);
        },
      ),
    );
  });

  test('a slow answer changes nothing, and an old one counts less the older it is', () => {
    const clock = new ClockOffset();
    clock.add(ping(0n, 3_000n * MS, 100_000n, 100_000n));
    clock.add(ping(10n * MS, 3_000n * MS, 9n * MS, 100_000n));
    expect(clock.at(20n * MS)).toMatchObject({ offsetNs: 3_000n * MS });
    expect(clock.at(20n * MS)!.errorNs).toBeLessThan(110_000);

    // After 100 s at 50 ppm the first may be off by 5 ms: a new one with a round trip of 2 ms is better.
    clock.add(ping(100_000n * MS, 3_001n * MS, 1n * MS, 1n * MS));
    expect(clock.at(100_002n * MS)).toMatchObject({ offsetNs: 3_001n * MS });
    expect(clock.count).toBe(3);
  });

  test('drift is told once it is more than the errors', () => {
    const clock = new ClockOffset();
    clock.add(ping(0n, 0n, 50_000n, 50_000n));
    expect(clock.settle(100_000n)).toMatchObject({ offsetNs: 0n });
    clock.add(ping(500n * MS, 10_000n, 50_000n, 50_000n));
    expect(clock.driftPpm(600n * MS)).toBeNull();
    clock.add(ping(100_000n * MS, 2n * MS, 50_000n, 50_000n));
    expect(clock.driftPpm(100_001n * MS)).toBeCloseTo(20, 1);
  });

  test('before the first ping nothing is known', () => {
    const clock = new ClockOffset();
    expect(clock.at(0n)).toBeUndefined();
    expect(clock.settle(0n)).toBeUndefined();
    expect(clock.driftPpm(0n)).toBeNull();
  });
});
