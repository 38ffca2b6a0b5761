import { SILENT_LOG } from '../../src/core/log.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { toJson } from '../../src/metrics/snapshot-json.ts';
import type { Json } from '../../src/metrics/snapshot.ts';
import { OWN_REPORT_KEYS, OWN_SERIES_KEYS, reportToJson } from '../../src/report/json.ts';
import { reportFromSnapshot, type Report } from '../../src/report/report.ts';
import { displayLines, summaryLines } from '../../src/report/text.ts';
import { differences } from './compare.ts';
import { type OracleCase, type OracleSuite, readOracle } from './suite.ts';

type Fields = Readonly<Record<string, unknown>>;

interface GoldenCase {
  readonly name: string;
  readonly snapshot: unknown;
  readonly use_legacy_loadgen_qps_metrics: boolean;
  readonly run_config: { readonly [section: string]: Json } | null;
  readonly accuracy: readonly Json[] | null;
  readonly report: Fields;
  readonly display_lines: readonly string[];
  readonly summary_lines: readonly string[];
}

interface ReportOracle {
  readonly version_used: string;
  readonly cases: readonly GoldenCase[];
  readonly token_series_blocks: readonly { readonly values: readonly number[]; readonly expected: Fields }[];
}

export const suite: OracleSuite = {
  name: 'report',
  cases: () => {
    const oracle = readOracle<ReportOracle>('report.json');
    return [
      ...oracle.cases.flatMap((golden) => reportCases(golden, oracle.version_used)),
      ...oracle.token_series_blocks.map(tokenBlockCase),
    ];
  },
};

function reportCases(golden: GoldenCase, version: string): OracleCase[] {
  const report = (): Report =>
    reportFromSnapshot(golden.snapshot, {
      version,
      useLegacyLoadgenQpsMetrics: golden.use_legacy_loadgen_qps_metrics,
      ...(golden.run_config === null ? {} : { runConfig: golden.run_config }),
      ...(golden.accuracy === null ? {} : { accuracy: golden.accuracy }),
    });
  return [
    { name: `${golden.name}: JSON`, run: () => fieldDifferences(golden.report, reportToJson(report())) },
    {
      name: `${golden.name}: display`,
      run: () => lineDifferences(golden.display_lines, displayLines(report())),
    },
    {
      name: `${golden.name}: summary`,
      run: () => lineDifferences(golden.summary_lines, summaryLines(report())),
    },
  ];
}

/** What a small list of token counts becomes in a report, recorded and summed up by the code of a real run. */
function tokenBlockCase(block: ReportOracle['token_series_blocks'][number]): OracleCase {
  return {
    name: `tokens ${block.values.join(' ') || 'none'}`,
    run: () => {
      const registry = new MetricsRegistry({ log: SILENT_LOG });
      const osl = registry.registerSeries('osl', { hdrLow: 1, hdrHigh: 10_000_000 });
      for (const value of block.values) osl.record(value);
      const snapshot = registry.buildSnapshot({ timestampNs: 0, state: 'complete', pendingTaskCount: 0 });
      registry.close();
      const report = reportToJson(reportFromSnapshot(toJson(snapshot), { version: 'any' }));
      return blockDifferences(block.expected, report.output_sequence_lengths as Fields, '$', EDGE_TOLERANCE);
    },
  };
}

const TOLERANCE = 1e-12;
/** The golden deviations are the reference's double formula, which loses digits. Ours may be better. */
const DEVIATION_TOLERANCE = 1e-6;
/** Histogram edges are computed with another library's exp and log. */
const EDGE_TOLERANCE = 1e-9;

const SERIES_KEYS = ['ttft', 'tpot', 'latency', 'output_sequence_lengths', 'input_sequence_lengths'];

function fieldDifferences(wanted: Fields, found: Fields): string[] {
  const ours = new Set<string>(OWN_REPORT_KEYS);
  const keys = Object.keys(found).filter((key) => key in wanted || !ours.has(key));
  return [
    ...differences(Object.keys(wanted), keys, TOLERANCE, '$ keys'),
    ...Object.keys(wanted).flatMap((key) =>
      SERIES_KEYS.includes(key)
        ? blockDifferences(wanted[key] as Fields, found[key] as Fields, `$.${key}`)
        : differences(wanted[key], found[key], TOLERANCE, `$.${key}`),
    ),
  ];
}

function blockDifferences(wanted: Fields, found: Fields, path: string, edgeTolerance = TOLERANCE): string[] {
  const ours = new Set<string>(OWN_SERIES_KEYS);
  const keys = Object.keys(found).filter((key) => key in wanted || !ours.has(key));
  return [
    ...differences(Object.keys(wanted), keys, TOLERANCE, `${path} keys`),
    ...Object.keys(wanted).flatMap((key) =>
      differences(wanted[key], found[key], toleranceOf(key, edgeTolerance), `${path}.${key}`),
    ),
  ];
}

function toleranceOf(key: string, edgeTolerance: number): number {
  if (key === 'std_dev') return DEVIATION_TOLERANCE;
  return key === 'histogram' ? edgeTolerance : TOLERANCE;
}

const DEVIATION_LINE = /^( {2}Std Dev\.: )(-?[\d.]+)( \w+)$/;
const WHOLE_FLOAT = /(?<=[ (=/[])(-?\d+)\.0(?=$|[,)/\]}])/g;

/**
 * Lines must agree to the letter, with two exceptions by rule: a printed standard deviation follows the tolerance of its
 * number, and a whole float that is only passed through shows no `.0`, because JSON in JavaScript has one kind of number.
 */
function lineDifferences(wanted: readonly string[], found: readonly string[]): string[] {
  return differences(
    wanted.map(comparable),
    found.map((line, i) => comparable(asWanted(line, wanted[i]))),
  );
}

function asWanted(found: string, wanted: string | undefined): string {
  const [a, b] = [DEVIATION_LINE.exec(wanted ?? ''), DEVIATION_LINE.exec(found)];
  if (a === null || b === null || a[3] !== b[3]) return found;
  const [x, y] = [Number(a[2]), Number(b[2])];
  const isLarge = Math.abs(x) * DEVIATION_TOLERANCE > 0.005;
  return isLarge && Math.abs(x - y) <= Math.abs(x) * DEVIATION_TOLERANCE + 0.005 ? wanted! : found;
}

function comparable(line: string): string {
  return line.startsWith('  ') ? line.replace(WHOLE_FLOAT, '$1') : line;
}
