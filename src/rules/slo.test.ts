import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSlo, type Slo, SLO_METRICS, SLO_PERCENTILES, slosOf } from './slo.ts';

function parsed(text: string): Slo {
  const slo = parseSlo(text);
  if (typeof slo === 'string') throw new Error(`${text}: ${slo}`);
  return slo;
}

const blanks = fc.constantFrom('', ' ', '  ', '\t');
const comparisons = fc.constantFrom('<', '<=', '>', '>=');
const UNITS = { us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 } as const;

/** A value of a unit as it may be written, and what it comes to. */
function valuesOf(unit: Slo['unit']): fc.Arbitrary<readonly [text: string, value: number]> {
  const numbers = fc.integer({ min: 1, max: 99_999 }).map((n) => n / 100);
  if (unit === 'ns') {
    return fc
      .tuple(numbers, fc.constantFrom(...(Object.keys(UNITS) as (keyof typeof UNITS)[])))
      .map(([n, name]) => [`${n}${name}`, Math.round(n * UNITS[name])]);
  }
  if (unit === 'share') return numbers.chain((n) => fc.constantFrom([`${n}%`, n / 100], [`${n}`, n]));
  return numbers.map((n) => [String(n), n]);
}

describe('parseSlo', () => {
  it('reads each metric, percentile, comparison and unit, however they are spaced and cased', () => {
    const written = fc
      .constantFrom(...SLO_METRICS)
      .chain((metric) =>
        fc.tuple(
          fc.constant(metric),
          fc.constantFrom(...SLO_PERCENTILES),
          comparisons,
          valuesOf(metric.unit),
          fc.constantFrom(' ', '_', '-', '  '),
          fc.boolean(),
          blanks,
          blanks,
        ),
      );
    fc.assert(
      fc.property(
        written,
        ([metric, percentile, comparison, [value, number], joint, isLoud, before, behind]) => {
          const name = metric.name.replaceAll(' ', joint);
          const isSeries = metric.figure.kind === 'series';
          const text = `${isLoud ? name.toUpperCase() : name}${isSeries ? ` p${percentile}` : ''}${before}${comparison}${behind}${value}`;
          const slo = parsed(text);
          expect(slo.limit).toEqual({ comparison, value: expect.closeTo(number, 6) as number });
          expect(slo.unit).toBe(metric.unit);
          if (metric.figure.kind === 'series') {
            expect(slo.figure).toEqual({ kind: 'percentile', series: metric.figure.series, percentile });
          } else expect(slo.figure).toEqual(metric.figure);
          // What is shown means the same.
          const again = parsed(slo.text);
          expect({ ...again, limit: null }).toEqual({ ...slo, limit: null });
          expect(again.limit.comparison).toBe(comparison);
          expect(again.limit.value / slo.limit.value).toBeCloseTo(1, 12);
        },
      ),
    );
  });

  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'ttft',
      ' ',
      'p99',
      'p',
      '<',
      '>=',
      '500',
      'ms',
      '%',
      'tokens/s',
      'é',
      '.',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const slo = parseSlo(text);
        if (typeof slo === 'string') expect(slo).toMatch(/^expected .+ at (character \d+|the end)/s);
      }),
    );
  });

  it.each([
    [
      'ttft p9x < 5',
      'expected a percentile (p50, p75, p80, p90, p95, p97, p99, p99.9) at character 6 (got "p9x")',
    ],
    [
      'ttft p98 < 5ms',
      'expected a percentile (p50, p75, p80, p90, p95, p97, p99, p99.9) at character 6 (got "p98")',
    ],
    [
      'ttft < 5ms',
      'expected a percentile (p50, p75, p80, p90, p95, p97, p99, p99.9) at character 6 (got "<")',
    ],
    ['ttft p99 500ms', 'expected <, <=, > or >= at character 10 (got "500ms")'],
    ['ttft p99 < 500', 'expected a time with its unit, such as 500ms or 2s at the end'],
    ['ttft p99 < 5%', 'expected a time with its unit, such as 500ms or 2s at character 13 (got "%")'],
    ['errors < 5ms', 'expected a share such as 1% or 0.01 at character 10 (got "5ms")'],
    ['errors < 1% of all', 'expected nothing more at character 13 (got "of")'],
    ['requests/s >', 'expected a number a second such as 2000 at the end'],
  ])('says what is wrong with %j', (text, message) => {
    expect(parseSlo(text)).toBe(message);
  });

  it('names every metric for one it does not know', () => {
    expect(parseSlo('itl p99 < 5ms')).toMatch(
      /^expected one of ttft, tpot, .*, errors at character 1 \(got "itl"\)$/,
    );
  });

  it('takes ≤ and ≥, and thousands set off', () => {
    expect(parsed('output tokens/s ≥ 2,000').limit).toEqual({ comparison: '>=', value: 2000 });
    expect(parsed('output tokens p50 ≤ 200').figure).toMatchObject({ series: 'osl' });
  });
});

describe('slosOf', () => {
  it('leaves out what is no SLO', () => {
    expect(slosOf(['ttft p99 < 1s', 'nonsense', 5]).map(({ text }) => text)).toEqual(['ttft p99 < 1 s']);
    expect(slosOf(undefined)).toEqual([]);
  });
});
