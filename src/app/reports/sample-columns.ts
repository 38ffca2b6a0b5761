import type { SampleSeq } from '../../core/ids.ts';
import { sampleUuid } from '../../core/ids.ts';
import {
  latencyNs,
  SAMPLE_OUTCOMES,
  type SampleColumns,
  type StoredSamples,
  timePerTokenNs,
} from '../../events/sample-columns.ts';
import { type GroupDimension, groupPositions, PHASE_DIMENSION } from '../../core/sample-groups.ts';
import type { RunHeader } from '../run-folder/run-header.ts';

/** A value of an exported table; null where there is none. */
export type CellValue = number | string | boolean | null;

/** One column of an exported table, whose rows come in pieces. */
export interface ExportColumn<Piece> {
  /** With its unit, where it has one. */
  readonly name: string;
  readonly kind: 'integer' | 'text' | 'boolean';
  readonly at: (piece: Piece, index: number) => CellValue;
}

type Column = ExportColumn<SampleColumns>;

/**
 * The columns of samples.csv and samples.parquet, one row a sample in the order of issue. Times are whole ns since the run's origin, spans
 * whole ns; what never came is null. In closed loop a sample is due when it is issued. A run with groups has a column for each of its dimensions,
 * one with `--retry` those of its attempts, and one whose dataset names its conversations a column of their ids.
 */
export function exportColumns(
  samples: Pick<StoredSamples, 'texts' | 'foreignUuid' | 'conversationIds'>,
  { run_id: runId, groups = [], config }: Pick<RunHeader, 'run_id' | 'groups' | 'config'>,
): readonly Column[] {
  const { texts, conversationIds } = samples;
  return [
    text(
      'sample_id',
      ({ seqs }, i) => samples.foreignUuid(seqs[i]!) ?? sampleUuid(runId, seqs[i] as SampleSeq),
    ),
    integer('seq', ({ seqs }, i) => seqs[i]!),
    integer('dataset_row', ({ rows }, i) => rows[i]!),
    integer('conversation', ({ conversations }, i) => conversations[i]!),
    ...(conversationIds.size === 0
      ? []
      : [text('conversation_id', ({ conversations }, i) => conversationIds.get(conversations[i]!) ?? null)]),
    integer('turn', ({ turns }, i) => turns[i]!),
    ...groups.map((_, at) => groupColumn(groups, at)),
    { name: 'measured', kind: 'boolean', at: ({ measured }, i) => measured[i] === 1 },
    text('outcome', ({ outcomes }, i) => SAMPLE_OUTCOMES[outcomes[i]!]!),
    text('error_type', ({ errorTypes }, i) => texts[errorTypes[i]!]!),
    ...(config.retry === undefined
      ? []
      : [
          integer('attempts', ({ attempts }, i) => attempts[i]!),
          text('retried_after', ({ retriedAfter }, i) => texts[retriedAfter[i]!]!),
        ]),
    text('finish_reason', ({ finishReasons }, i) => texts[finishReasons[i]!]!),
    integer('due_ns', ({ dueNs }, i) => dueNs[i]!),
    integer('issued_ns', ({ issuedNs }, i) => issuedNs[i]!),
    integer('first_chunk_ns', ({ firstChunkNs }, i) => firstChunkNs[i]!),
    integer('last_chunk_ns', ({ lastChunkNs }, i) => lastChunkNs[i]!),
    integer('completed_ns', ({ completedNs }, i) => completedNs[i]!),
    integer('first_chunk_late_ns', ({ firstChunkLateNs }, i) => firstChunkLateNs[i]!),
    integer('completed_late_ns', ({ completedLateNs }, i) => completedLateNs[i]!),
    integer('issue_delay_ns', ({ issuedNs, dueNs }, i) => issuedNs[i]! - dueNs[i]!),
    integer('ttft_ns', ({ firstChunkNs, issuedNs }, i) => firstChunkNs[i]! - issuedNs[i]!),
    integer('latency_ns', latencyNs),
    integer('response_ttft_ns', ({ firstChunkNs, dueNs }, i) => firstChunkNs[i]! - dueNs[i]!),
    integer('response_latency_ns', ({ completedNs, dueNs }, i) => completedNs[i]! - dueNs[i]!),
    integer('tpot_ns', (samples, i) => Math.round(timePerTokenNs(samples, i))),
    integer('chunks', ({ chunks }, i) => chunks[i]!),
    integer('input_tokens', ({ inputTokens }, i) => inputTokens[i]!),
    integer('output_tokens', ({ outputTokens }, i) => outputTokens[i]!),
    integer('worker', ({ workers }, i) => (workers[i]! < 0 ? NaN : workers[i]!)),
  ];
}

/** The value that samples have in one dimension of their group; a phase only where they are measured. */
function groupColumn(dimensions: readonly GroupDimension[], at: number): Column {
  const { name, values } = dimensions[at]!;
  return text(name, ({ groups, measured }, i) => {
    if (name === PHASE_DIMENSION && measured[i] !== 1) return null;
    const positions = groupPositions(dimensions, groups[i]! - 1);
    return positions === undefined ? null : values[positions[at]!]!;
  });
}

/** NaN, which stands for what never came, becomes null. */
function integer(name: string, at: (samples: SampleColumns, index: number) => number): Column {
  return {
    name,
    kind: 'integer',
    at: (samples, index) => {
      const value = at(samples, index);
      return Number.isNaN(value) ? null : value;
    },
  };
}

function text(name: string, at: (samples: SampleColumns, index: number) => string | null): Column {
  return { name, kind: 'text', at };
}
