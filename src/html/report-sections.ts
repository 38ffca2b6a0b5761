import { metricVerdictText } from '../core/judged-metrics.ts';
import { countedText, countText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import type { RunHistory, SlowSample } from '../core/run-history.ts';
import { withWholeFlags } from '../core/whole-flags.ts';
import { clockText } from '../live/lines.ts';
import type { Json } from '../metrics/snapshot.ts';
import { ownFacts, VERDICT_MEANINGS, type Fact } from '../report/own-text.ts';
import { clientPartText } from '../report/client-part.ts';
import {
  clientPartNotes,
  intervalNotes,
  timeSeries,
  timeText,
  waitLines,
} from '../report/percentile-table.ts';
import { TURN_TABLE_HEAD, turnRows } from '../report/conversation-report.ts';
import { dimensionTitle, groupHeads, groupRows } from '../report/group-report.ts';
import { sloFigureText } from '../rules/slo-verdict.ts';
import type { Report } from '../report/report.ts';
import { intervalText } from '../report/interval-text.ts';
import { estimateOf, medianOf, percentileOf, type SeriesRollup } from '../report/series-report.ts';
import { outputLengthOf, outputLengthText } from '../report/output-length.ts';
import { audioReport, audioText } from '../report/audio-report.ts';
import { itemReport, itemText } from '../report/item-report.ts';
import { headlineRate, headlineTokenRate } from '../report/headline-rate.ts';
import {
  STEADY_HEAD,
  STEADY_TEST_HEAD,
  steadyRows,
  steadyTestRows,
  steadyText,
} from '../report/steady-text.ts';
import { headlines, rateNotes } from '../report/terminal-summary.ts';
import type { Verdict } from '../report/verdict.ts';
import { markup, NOTHING, type Markup, type MarkupPart } from './markup.ts';

const PERCENTILES = [50, 75, 90, 95, 99, 99.9];
/** Longest example of an error, letters. */
const EXAMPLE_LENGTH = 600;

/** Told by sign and word, and by colour too. */
const SIGNS = { valid: '✓', degraded: '!', invalid: '✗', note: 'i' } as const;

export function verdictSection({ level, findings, metrics }: Verdict): Markup {
  const byMetric = metricVerdictText(metrics);
  const items = findings.map(
    (finding) =>
      markup`<li class="${finding.level}"><b>${finding.level}</b><span>${withWholeFlags(finding.message, flag)}</span></li> `,
  );
  return markup`<section class="verdict ${level}" aria-label="Verdict">
    <p><strong>${SIGNS[level]} ${level.toUpperCase()}</strong>: ${VERDICT_MEANINGS[level]}</p>
    ${byMetric === '' ? NOTHING : markup`<p>${byMetric}</p>`}
    ${
      items.length === 0
        ? NOTHING
        : markup`<ul class="findings">
            ${items}
          </ul>`
    }
  </section>`;
}

/** Told by sign and word, and by color too. */
const OUTCOME_SIGNS = { met: '✓', missed: '✗', undecided: '?' } as const;

export function sloSection({ slos }: Report): Markup {
  if (slos.length === 0) return NOTHING;
  const rows = slos.map((slo) =>
    row(
      [
        slo.slo,
        markup`<span class="outcome ${slo.outcome}">${OUTCOME_SIGNS[slo.outcome]} ${slo.outcome}</span>`,
        sloFigureText(slo),
      ],
      slo.reason ?? '',
    ),
  );
  return markup`<section id="slos">
    <h2>SLOs</h2>
    ${table(['SLO', 'outcome', 'measured', ''], rows, 'SLOs')}
  </section>`;
}

function flag(text: string): Markup {
  return markup`<span class="flag">${text}</span>`;
}

/** The numbers to quote: how much was done, then how fast; then the account of the samples in words. */
export function headlineSection(report: Report): Markup {
  const times = timeSeries(report)
    .filter(([label]) => HEADLINE_SERIES.includes(label))
    .map(([label, series]) =>
      tile(`${label} p50`, timeText(medianOf(series)), `p99 ${timeText(percentileOf(series, 99))}`),
    );
  const warning =
    report.state === 'interrupted'
      ? 'The run log does not hold the end of the run: these are partial data.'
      : '';
  return markup`<section aria-label="Headline numbers">
    ${warning === '' ? NOTHING : markup`<p><strong>${warning}</strong></p>`}
    <dl class="tiles">${amountTiles(report)}</dl>
    <dl class="tiles">${times}</dl>
    ${factList(headlines(report).filter(([label]) => !TOLD_BY_TILES.includes(label)))}
  </section>`;
}

const HEADLINE_SERIES = ['TTFT', 'TPOT', 'Latency', 'Response latency'];
const TOLD_BY_TILES = ['Duration', 'Rate'];

function amountTiles(report: Report): readonly Markup[] {
  const { durationNs, samples, own } = report;
  const [items, audio] = [itemReport(report), audioReport(report)];
  const [rate, tokenRate] = [headlineRate(report), headlineTokenRate(report)];
  const { issued, succeeded, errored } = samples;
  const cancelled = samples.cancelled + samples.cancelledByPlan;
  const rateNote = rateNotes(report).join('; ') || `${countText(succeeded)} succeeded`;
  const cancelledText = cancelled === 0 ? '' : `, ${countText(cancelled)} cancelled`;
  return [
    ...(rate === null
      ? []
      : [tile(own?.throughput ? 'Throughput' : 'Completed', `${numberText(rate)}/s`, rateNote)]),
    tile(
      'Failed',
      errored === 0 ? 'none' : percentText(errored / Math.max(1, issued)),
      errored === 0
        ? `of ${countedText(issued, 'sample')}${cancelledText}`
        : `${countText(errored)} of ${countedText(issued, 'sample')}${cancelledText}`,
    ),
    ...(tokenRate === null
      ? []
      : [tile('Output tokens', `${numberText(tokenRate)}/s`, 'of all samples together')]),
    ...(items === null || items.perSecond === null
      ? []
      : [tile('Items', `${numberText(items.perSecond)}/s`, itemText(items))]),
    ...(audio === null || audio.secondsPerSecond === null
      ? []
      : [tile('Audio', `${numberText(audio.secondsPerSecond)} s/s`, audioText(audio))]),
    ...(durationNs === null
      ? []
      : [tile('Duration', durationText(Number(durationNs)), 'to the last response')]),
  ];
}

function tile(label: string, value: string, more: string): Markup {
  return markup`<div>
    <dt>${label}</dt>
    <dd>${value}<small>${more}</small></dd>
  </div> `;
}

export function percentileSection(report: Report): Markup {
  const rows = timeSeries(report);
  if (rows.length === 0) return NOTHING;
  const heads = [...PERCENTILES.map((p) => `p${p}`), 'max', 'mean', 'values'];
  const body = rows.map(([label, series]) => [
    label,
    ...PERCENTILES.map((p) => percentileCell(report, label, series, p)),
    timeText(series.max),
    timeText(series.average),
    countText(series.count),
  ]);
  return markup`<section id="percentiles">
    <h2>Percentiles</h2>
    ${table(
      ['', ...heads],
      body.map((cells) => row(cells)),
      'Percentiles of the times of the measured samples',
    )}
    ${[...waitLines(report), ...clientPartNotes(report, Infinity), ...intervalNotes(rows, PERCENTILES)].map((line) => markup`<p>${line}</p>`)}
  </section>`;
}

/** A percentile over the interval it lies in, and how much of it may be the client's. */
function percentileCell(report: Report, label: string, series: SeriesRollup, percentile: number): MarkupPart {
  const text = timeText(percentileOf(series, percentile));
  const interval = intervalText(estimateOf(series, percentile));
  const part = clientPartText(report, label, series, percentile);
  return markup`${text}${interval === '' ? NOTHING : markup`<small>${interval}</small>`}${part === '' ? NOTHING : markup`<small>client ${part}</small>`}`;
}

/** How turns go by their position; nothing for a run of single requests. */
export function turnSection({ own }: Report): Markup {
  const conversations = own?.conversations ?? null;
  if (conversations === null || conversations.byTurn.length === 0) return NOTHING;
  return markup`<section id="turns">
    <h2>Turns</h2>
    ${table(
      [...TURN_TABLE_HEAD],
      turnRows(conversations).map((cells) => row(cells)),
      'Times and tokens by the position of the turn in its conversation',
    )}
  </section>`;
}

/** Figures by endpoint, by model and by phase; nothing where all samples are alike. */
export function groupSections({ own }: Report): readonly Markup[] {
  return (own?.groups ?? []).map((dimension) => {
    const title = dimensionTitle(dimension);
    return markup`<section id="by-${dimension.dimension}">
      <h2>${title}</h2>
      ${table(
        ['', ...groupHeads(dimension)],
        groupRows(dimension).map((cells) => row(cells)),
        `${title}: measured samples, times and output tokens`,
      )}
      <p class="muted">Latency is that of successes.</p>
    </section>`;
  });
}

/** The slowest measured samples; their number finds them in the log and in the exported samples. */
export function slowestSection(
  slowestSamples: readonly SlowSample[],
  history: RunHistory | undefined,
): Markup {
  if (slowestSamples.length === 0) return NOTHING;
  const startNs = history?.start_ns ?? 0;
  const rows = slowestSamples.map((sample) => row(slowestCells(sample, startNs)));
  return markup`<section id="slowest">
    <h2>Slowest samples</h2>
    ${table(['Sample', 'issued at', 'issue delay', 'TTFT', 'latency', 'chunks', 'ended'], rows, 'The slowest measured samples by latency')}
    <p class="muted">By latency, from issued to completion.</p>
  </section>`;
}

function slowestCells(sample: SlowSample, startNs: number): readonly string[] {
  return [
    `#${sample.seq}`,
    clockText(sample.issued_ns - startNs),
    sample.due_ns === null ? '–' : durationText(sample.issued_ns - sample.due_ns),
    sample.ttft_ns === null ? '–' : durationText(sample.ttft_ns),
    durationText(sample.latency_ns),
    countText(sample.chunks),
    sample.errored ? 'failed' : 'succeeded',
  ];
}

export function errorSection({ own }: Report): Markup {
  const errors = own?.errorsByType ?? [];
  if (errors.length === 0) return NOTHING;
  const rows = errors.map(({ type, count, example }) => row([type, countText(count)], shortened(example)));
  return markup`<section id="errors-by-type">
    <h2>Errors by type</h2>
    ${table(['Type', 'samples', 'an example'], rows, 'Errors by type, most frequent first')}
  </section>`;
}

/** The part of the run that is steady, or why there is none; nothing where nobody asked. */
export function steadySection(report: Report): Markup {
  const { steadyState } = report;
  if (steadyState === null) return NOTHING;
  const rows = steadyRows(report, steadyState).map((cells) => row(cells));
  const tests = steadyTestRows(steadyState).map((cells) => row(cells));
  return markup`<section id="steady-state">
    <h2>Steady state</h2>
    <p>${steadyText(steadyState)}.</p>
    ${rows.length === 0 ? NOTHING : table(STEADY_HEAD, rows, 'Figures of the whole run and of its steady state')}
    ${tests.length === 0 ? NOTHING : table(STEADY_TEST_HEAD, tests, 'Tests of steadiness by series')}
  </section>`;
}

/** Where the numbers come from, and what the words mean. */
export function methodSection(report: Report): Markup {
  const { own, samples } = report;
  const length = outputLengthOf(report);
  const facts = [
    ...(own === null ? [] : ownFacts(own, samples)),
    ...(length === null ? [] : [['Output length', outputLengthText(length)] as const]),
  ];
  return markup`<section id="method">
    <h2>How it was measured</h2>
    ${factList(facts)}
    <p class="muted">
      Times are taken at the socket: issued is right before a request is handed to it, first chunk, chunk gap
      and completion when the read that brought them returned. <em>Service</em> times (TTFT, latency) begin
      when a request was issued; <em>response</em> times begin when it was due by the plan, and so include the
      wait for a free connection and any lateness of the client. A percentile p of n values lies at position
      n·p + ½ of the ascending values (Hazen's definition); below it is the interval in which the true percentile lies with
      95 % confidence if the values are independent. Warm-up samples are in the charts over time and in nothing else.
    </p>
  </section>`;
}

export function configSection({ runConfig }: Report): Markup {
  const facts = Object.entries(runConfig ?? {}).flatMap(([section, value]) => settingsOf(section, value));
  return factsSection('configuration', 'Configuration', facts);
}

export function factsSection(id: string, title: string, facts: readonly Fact[]): Markup {
  if (facts.length === 0) return NOTHING;
  return markup`<section id="${id}">
    <h2>${title}</h2>
    ${factList(facts)}
  </section>`;
}

function factList(facts: readonly Fact[]): Markup {
  if (facts.length === 0) return NOTHING;
  return markup`<dl class="facts">
    ${facts.map(
      ([label, text]) =>
        markup`<dt>${label}</dt>
          <dd>${text}</dd> `,
    )}
  </dl>`;
}

/** A table in a frame that scrolls by itself when it is too wide; `label` says what it holds. */
function table(heads: readonly string[], rows: readonly Markup[], label: string): Markup {
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${heads.map((head) => (head === '' ? markup`<td></td>` : markup`<th scope="col">${head}</th>`))}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** A row: its head, its numbers, then a text of any length. */
function row([head = '', ...cells]: readonly MarkupPart[], text?: string): Markup {
  return markup`<tr>
    <th scope="row">${head}</th>
    ${cells.map((cell) => markup`<td>${cell}</td>`)}${
      text === undefined ? NOTHING : markup`<td class="text">${text}</td>`
    }
  </tr> `;
}

/** Settings by their place in the configuration: `load.rate_per_second`. */
function settingsOf(place: string, value: Json): readonly Fact[] {
  if (typeof value !== 'object' || value === null) return [[place, String(value)]];
  if (Array.isArray(value)) return [[place, value.map(settingValue).join(', ')]];
  return Object.entries(value).flatMap(([key, item]) =>
    settingsOf(place === 'run' ? key : `${place}.${key}`, item),
  );
}

function settingValue(value: Json): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function shortened(text: string): string {
  const letters = [...text.trim()];
  return letters.length > EXAMPLE_LENGTH
    ? `${letters.slice(0, EXAMPLE_LENGTH - 1).join('')}…`
    : letters.join('');
}
