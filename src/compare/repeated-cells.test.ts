import { expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { type CellPair, compareCells, type RunFigure } from './repeated-cells.ts';
import { studyComparisonJson, studyComparisonText } from './study-comparison.ts';

const OPTIONS = { margin: 0.03, confidence: 0.95 };
const traitsOf = (key: string) => ({
  isShare: key === 'errors',
  isHigherBetter: key === 'rate',
  isAsAsked: key === 'asked',
});

/** A run's interval says ±1 %; runs scatter by `spread`. */
function runsOf(random: RandomSource, count: number, mean: number, spread: number): readonly RunFigure[] {
  return Array.from({ length: count }, () => {
    const value = mean * Math.exp(spread * random.normal());
    return { value, low: value * 0.99, high: value * 1.01 };
  });
}

function cellsOf(random: RandomSource, factor: number, repeats: number, spread = 0.05): readonly CellPair[] {
  return [1, 2, 4].map((n) => ({
    name: `concurrency=${n}`,
    figures: ['rate', 'ttft'].map((key) => ({
      key,
      baseline: runsOf(random, repeats, 100 * n, spread),
      runs: runsOf(random, repeats, 100 * n * (key === 'ttft' ? factor : 1), spread),
    })),
  }));
}

it('finds no difference between studies of the same thing, however much runs scatter, and finds one that is there', () => {
  const random = new RandomSource(15);
  let [wrong, found] = [0, 0];
  for (let i = 0; i < 300; i++) {
    const same = compareCells(cellsOf(random, 1, 3), traitsOf, { ...OPTIONS, margin: 0 });
    if (same.some(({ differences }) => differences.some(({ low, high }) => low > 0 || high < 0))) wrong += 1;
    const other = compareCells(cellsOf(random, 1.5, 3), traitsOf, OPTIONS);
    if (other.every(({ judgement }) => judgement === 'worse')) found += 1;
  }
  expect(wrong / 300).toBeLessThan(0.07);
  expect(found / 300).toBeGreaterThan(0.95);
});

it('is sure of far less than the runs say one by one', () => {
  const figure = (value: number) => ({ value, low: value * 0.99, high: value * 1.01 });
  const pair = (baseline: readonly number[], runs: readonly number[]) => [
    { name: '', figures: [{ key: 'ttft', baseline: baseline.map(figure), runs: runs.map(figure) }] },
  ];
  const [single] = compareCells(pair([100], [110]), traitsOf, OPTIONS);
  expect(single!.judgement).toBe('worse');
  const [repeated] = compareCells(pair([90, 100, 110], [99, 110, 121]), traitsOf, OPTIONS);
  expect(repeated!.differences[0]!.difference).toBeCloseTo(0.1, 2);
  expect(repeated!.judgement).toBe('indistinct');
});

it('does not judge a rate that was asked for', () => {
  const figure = (value: number) => ({ value, low: value, high: value });
  const [cell] = compareCells(
    [{ name: '', figures: [{ key: 'asked', baseline: [figure(50)], runs: [figure(10)] }] }],
    traitsOf,
    OPTIONS,
  );
  expect(cell!.differences[0]!.judgement).toBe('as_asked');
});

it('finds what is slower elsewhere though nothing succeeded in one run', () => {
  const figure = (value: number, low = value * 0.99) => ({ value, low, high: value * 1.01 });
  const pair = (name: string, rates: readonly number[], errors: readonly number[]) => ({
    name,
    figures: [
      {
        key: 'rate',
        baseline: [99, 100, 101].map((rate) => figure(rate)),
        runs: rates.map((rate) => figure(rate)),
      },
      {
        key: 'errors',
        baseline: [0, 0, 0].map((value) => ({ value, low: 0, high: 0.001 })),
        runs: errors.map((value) => ({ value, low: value * 0.99, high: Math.min(1, value + 0.001) })),
      },
    ],
  });
  const compared = compareCells(
    [
      pair('slower', [79, 80, 81], [0, 0, 0]),
      pair('fails more', [99, 100, 101], [0.1, 0.1, 0.1]),
      pair('broken', [99, 0, 101], [0, 1, 0]),
      pair('dead', [0, 0, 0], [1, 1, 1]),
    ],
    traitsOf,
    OPTIONS,
  );
  expect(compared.map(({ judgement }) => judgement)).toEqual(['worse', 'worse', 'indistinct', 'worse']);
  expect(compared[2]).toMatchObject({ notCompared: ['rate'], failedBaselineRuns: 0, failedRuns: 1 });
  expect(compared[2]!.differences.map(({ key }) => key)).toEqual(['errors']);
  expect(compared[3]).toMatchObject({ notCompared: ['rate'], failedRuns: 3 });
  expect(compared[0]).toMatchObject({ notCompared: [], failedRuns: 0 });
});

it('takes an interval down to 0 for a wide one, not for an endless one', () => {
  const [cell] = compareCells(
    [
      {
        name: '',
        figures: [
          {
            key: 'rate',
            baseline: [{ value: 10, low: 0, high: 12 }],
            runs: [{ value: 0.1, low: 0.09, high: 0.11 }],
          },
        ],
      },
    ],
    traitsOf,
    OPTIONS,
  );
  expect(cell!.judgement).toBe('worse');
});

it('says which runs failed, and what is not compared for that', () => {
  const facts = { letter: 'B', path: 'b', kind: 'sweep', createdAt: '', runs: 2 };
  const figure = (value: number) => ({ value, low: null, high: null });
  const cells = compareCells(
    [
      {
        name: 'concurrency 8',
        figures: [{ key: 'rate', baseline: [figure(5), figure(5)], runs: [figure(5), figure(0)] }],
      },
    ],
    traitsOf,
    OPTIONS,
  );
  const comparison = {
    ...{ version: '0', ...OPTIONS, baseline: { ...facts, letter: 'A' } },
    pairs: [
      {
        study: facts,
        settingDifferences: [],
        isOtherLoad: false,
        isRepeated: true,
        cells,
        onlyInBaseline: [],
        onlyInStudy: [],
      },
    ],
    figures: { rate: { title: 'Requests/s', isShare: false } },
    textOf: (_: string, value: number) => String(value),
  };
  expect(studyComparisonText(comparison)).toContain(
    'Nothing succeeded in 1 of 2 runs of B.\nNot compared, because it is 0 in a run: Requests/s.\n',
  );
  expect(studyComparisonJson(comparison)).toContain('"failed_runs": 1');
});
