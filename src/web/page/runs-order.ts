import type { RunEntry } from '../run-library.ts';
import type { TextTable } from './copy-bar.ts';
import { element } from './dom.ts';

type Value = string | number | null;

/** A column of the list of runs. */
interface RunColumn {
  readonly label: string;
  readonly isText: boolean;
  readonly hint: string;
  /** For a copied table: its name with the unit; {@link value} is in that unit. */
  readonly head: string;
  readonly value: (run: RunEntry) => Value;
}

const inMs = (ns: number | null) => (ns === null ? null : ns / 1e6);

export const RUN_COLUMNS: readonly RunColumn[] = [
  text('Run', 'when it began', 'started_at', (run) => run.startedAt),
  text('Model', 'model it asked for', 'model', (run) => run.model),
  text('Load', 'what was asked for', 'load', (run) => run.load),
  text('Verdict', 'whether its numbers can be trusted', 'verdict', (run) => run.verdict),
  number('Samples', 'requests issued', 'samples', (run) => run.samples),
  number('Rate', 'requests that succeeded, a second', 'requests_per_second', (run) => run.samplesPerSecond),
  number('Tokens', 'output tokens a second', 'output_tokens_per_second', (run) => run.outputTokensPerSecond),
  number('TTFT p50', 'time to first token, median', 'ttft_p50_ms', (run) => inMs(run.ttftP50Ns)),
  number('TTFT p99', 'time to first token, 99th percentile', 'ttft_p99_ms', (run) => inMs(run.ttftP99Ns)),
  number('Latency p99', 'latency, 99th percentile', 'latency_p99_ms', (run) => inMs(run.latencyP99Ns)),
];

/** By which column the list is sorted. */
export interface RunsOrder {
  readonly column: number;
  readonly isDescending: boolean;
}

export const NEWEST_FIRST: RunsOrder = { column: 0, isDescending: true };

/** Runs in an order; those without a value are last either way. */
export function sortedRuns(
  runs: readonly RunEntry[],
  { column, isDescending }: RunsOrder,
): readonly RunEntry[] {
  const { value } = RUN_COLUMNS[column]!;
  return runs.toSorted((a, b) => {
    const [before, after] = [value(a), value(b)];
    if (before === null || after === null) return Number(before === null) - Number(after === null);
    const order =
      typeof before === 'number' && typeof after === 'number'
        ? before - after
        : String(before).localeCompare(String(after));
    return isDescending ? -order : order;
  });
}

/** An order as the value of a choice, and back. */
export const orderText = ({ column, isDescending }: RunsOrder) =>
  `${column} ${isDescending ? 'desc' : 'asc'}`;

export function orderOf(chosen: string): RunsOrder {
  const [column, order] = chosen.split(' ');
  return { column: Number(column), isDescending: order === 'desc' };
}

/** Every column either way, for a choice. */
export function orderOptions(): readonly HTMLElement[] {
  return RUN_COLUMNS.flatMap(({ label }, column) =>
    [true, false].map((isDescending) =>
      element(
        'option',
        { value: orderText({ column, isDescending }) },
        column === 0
          ? isDescending
            ? 'Newest first'
            : 'Oldest first'
          : `${label} ${isDescending ? '▼' : '▲'}`,
      ),
    ),
  );
}

/** The list as it is copied. */
export function runsTable(runs: readonly RunEntry[]): TextTable {
  return {
    heads: ['run', ...RUN_COLUMNS.map(({ head }) => head)],
    rows: runs.map((run) => [run.name, ...RUN_COLUMNS.map(({ value }) => String(value(run) ?? ''))]),
  };
}

function text(label: string, hint: string, head: string, value: RunColumn['value']): RunColumn {
  return { label, isText: true, hint, head, value };
}

function number(label: string, hint: string, head: string, value: RunColumn['value']): RunColumn {
  return { label, isText: false, hint, head, value };
}
