import {
  differenceText,
  intervalText,
  judgementText,
  marginText,
  metricLabel,
  metricText,
} from '../../compare/metric-text.ts';
import type { MetricKey } from '../../compare/resample.ts';
import { isOtherLoad, type SettingDifference } from '../../compare/setting-differences.ts';
import type { PairComparison, RunComparison } from '../run-comparison.ts';
import { copyBar } from './copy-bar.ts';
import { DataTable, element } from './dom.ts';

type Entry = readonly [MetricKey, NonNullable<PairComparison['metrics'][MetricKey]>];

/** How a run differs from the baseline: first in its settings, then in its numbers, and which of that is more than chance. */
export function differenceCard(pair: PairComparison, { margin, confidence }: RunComparison): HTMLElement {
  const { letter } = pair.run;
  const entries = Object.entries(pair.metrics) as unknown as readonly Entry[];
  const heads = ['', 'A', letter, 'difference', 'interval', 'what it means'];
  const rows = entries.map(([key, { baseline, value, difference, low, high, judgement }]) => [
    metricLabel(key),
    metricText(key, baseline),
    metricText(key, value),
    differenceText(key, difference),
    intervalText(key, low, high),
    judgementText(judgement, margin),
  ]);
  const table = new DataTable(
    `Differences from A; the intervals hold together with ${marginText(confidence)} confidence`,
    heads.map((label) => ({ label })),
  );
  table.show(rows);
  const alike = entries.filter(([, { judgement }]) => judgement === pair.judgement).length;
  return element(
    'section',
    { class: 'card spaced', 'data-pair': letter },
    element('h2', {}, `${letter} against A: ${judgementText(pair.judgement, margin)}`),
    settingsOf(pair.settings, letter),
    isOtherLoad(pair.settings)
      ? element(
          'p',
          {},
          'The two runs had different loads, so rates are not judged, and latencies may differ for that reason alone.',
        )
      : null,
    table.element,
    element(
      'div',
      { class: 'toolbar' },
      element(
        'p',
        { class: 'muted' },
        `That is said of ${alike} of ${entries.length} metrics. Differences up to ±${marginText(margin)} are of no interest.`,
      ),
      copyBar(() => ({ heads: ['metric', ...heads.slice(1)], rows })),
    ),
    pair.too_short
      ? element(
          'p',
          {},
          'The runs are too short relative to their autocorrelation; run longer for reliable intervals.',
        )
      : null,
  );
}

function settingsOf(differences: readonly SettingDifference[], letter: string): HTMLElement {
  if (differences.length === 0) return element('p', {}, 'Settings and environment: the same.');
  const table = new DataTable('Settings and environment that differ', [
    { label: '' },
    { label: `A → ${letter}`, isText: true },
  ]);
  const text = (leaf: unknown) =>
    leaf === undefined || leaf === null ? '–' : typeof leaf === 'string' ? leaf : JSON.stringify(leaf);
  table.show(differences.map(({ path, baseline, value }) => [path, `${text(baseline)} → ${text(value)}`]));
  return table.element;
}
