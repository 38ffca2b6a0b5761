import type { ChartRun } from '../charts/chart.ts';
import type { ComparedPair, ComparedRun, ComparisonReport } from '../compare/comparison-report.ts';
import {
  differenceText,
  intervalText,
  judgementText,
  marginText,
  metricLabel,
  metricText,
} from '../compare/metric-text.ts';
import type { DifferenceJudgement } from '../compare/simultaneous-intervals.ts';
import { countText, durationText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { distributionSection, timeSection } from './drawings.ts';
import { intervalDrawing } from './interval-drawing.ts';
import { markup, NOTHING, type Markup } from './markup.ts';
import { wholePage } from './whole-page.ts';
import type { SvgPainter } from './svg-painter.ts';

/** How a judgement looks: as a verdict of that level does. */
const LEVELS: Readonly<Record<DifferenceJudgement, 'valid' | 'degraded' | 'invalid' | 'note'>> = {
  worse: 'invalid',
  slightly_worse: 'degraded',
  indistinct: 'note',
  equivalent: 'valid',
  slightly_better: 'valid',
  better: 'valid',
  as_asked: 'note',
};

/** Intervals are drawn up to this difference; what reaches beyond is cut and says so by an arrow. */
const MOST_DRAWN = 0.5;

/**
 * A comparison as one file that needs nothing else: for each run the differences from the baseline with their intervals drawn, what differs in
 * the settings, then all runs in the same charts. `runs` are those of the report, baseline first; without a history they have no charts.
 */
export function comparisonPage(
  report: ComparisonReport,
  runs: readonly ChartRun[],
  paint: SvgPainter,
): string {
  const { baseline, pairs, margin, confidence, version } = report;
  return wholePage({
    title: pairs.map(({ run }) => `${run.letter} against A`).join(', '),
    subtitle: `Margin ±${marginText(margin)}; simultaneous confidence of all intervals in a table: ${marginText(confidence)}.`,
    body: markup`${runSection([baseline, ...pairs.map(({ run }) => run)])}
      ${pairs.map((pair) => pairSection(pair, margin))} ${distributionSection(runs, paint)} ${timeSection(runs, paint)}`,
    version,
    isInteractive: false,
  });
}

function runSection(runs: readonly ComparedRun[]): Markup {
  const rows = runs.map(
    (run) =>
      markup`<tr>
        <th scope="row">${run.letter}${run === runs[0] ? ' (baseline)' : ''}</th>
        <td class="text">${run.path}</td>
        <td>${run.startedAt}</td>
        <td>${countText(run.sampleCount)}</td>
        <td>${durationText(run.durationS * NS_PER_SECOND)}</td>
        <td>${durationText(run.blockS * NS_PER_SECOND)}</td>
        <td>${run.verdict ?? 'none'}</td>
      </tr> `,
  );
  return markup`<section id="runs" class="scroll">
    <table>
      <thead>
        <tr>
          <th>Run</th>
          <th class="said">directory</th>
          <th>started</th>
          <th>samples</th>
          <th>time</th>
          <th>block</th>
          <th>verdict</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function pairSection({ run, comparison, settingDifferences }: ComparedPair, margin: number): Markup {
  const { differences, judgement, tooShort } = comparison;
  const reach = Math.min(
    MOST_DRAWN,
    Math.max(margin * 2, ...differences.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)])),
  );
  const worst = differences.filter((difference) => difference.judgement === judgement);
  const rows = differences.map(
    ({ key, baseline, value, difference, low, high, judgement: own }) =>
      markup`<tr>
        <th scope="row">${metricLabel(key)}</th>
        <td>${metricText(key, baseline)}</td>
        <td>${metricText(key, value)}</td>
        <td>${differenceText(key, difference)}</td>
        <td class="${LEVELS[own]}">${intervalDrawing({ difference, low, high, margin, reach })}</td>
        <td>${intervalText(key, low, high)}</td>
        <td class="said">${judgementText(own, margin)}</td>
      </tr> `,
  );
  return markup`<section id="run-${run.letter}">
    <h2>${run.letter} against A</h2>
    ${settingSection(settingDifferences)}
    <div class="verdict ${LEVELS[judgement]}">
      <p><strong>${judgementText(judgement, margin)}</strong></p>
      <p>${worst.length} of ${differences.length} metrics: ${worst.map(({ key }) => metricLabel(key)).join(', ')}</p>
      ${tooShort ? markup`<p>The runs are too short relative to their autocorrelation; run longer for reliable intervals.</p>` : NOTHING}
    </div>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Metric</th>
            <th>A</th>
            <th>${run.letter}</th>
            <th>difference</th>
            <th>${drawnRange(reach)}</th>
            <th>interval</th>
            <th class="said">judgement</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

function drawnRange(reach: number): string {
  const text = marginText(Number(reach.toPrecision(2)));
  return `−${text} … +${text}`;
}

function settingSection(differences: ComparedPair['settingDifferences']): Markup {
  if (differences.length === 0) return markup`<p class="muted">Settings and environment: the same.</p>`;
  const text = (leaf: unknown) =>
    leaf === undefined ? '–' : typeof leaf === 'string' ? leaf : JSON.stringify(leaf);
  const facts = differences.map(
    ({ path, baseline, value }) =>
      markup`<dt>${path}</dt>
        <dd>${text(baseline)} → ${text(value)}</dd> `,
  );
  return markup`<h3>Settings and environment that differ</h3>
    <dl class="facts">${facts}</dl>`;
}
