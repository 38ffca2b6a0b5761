import type { RunId, SampleSeq } from '../core/ids.ts';
import { sampleUuid } from '../core/ids.ts';
import { SAMPLE_OUTCOMES, timePerTokenNs, type SampleColumns } from '../events/sample-columns.ts';

/** A value of an exported table; null where there is none. */
export type CellValue = number | string | boolean | null;

/** One column of the exported samples. */
export interface ExportColumn {
  /** With its unit, where it has one. */
  readonly name: string;
  readonly kind: 'integer' | 'text' | 'boolean';
  readonly at: (index: number) => CellValue;
}

/**
 * The columns of samples.csv and samples.parquet, one row a sample in the order of issue. Times are whole ns since the run's origin, spans
 * whole ns; what never came is null. In closed loop a sample is due when it is issued.
 */
export function exportColumns(samples: SampleColumns, runId: RunId): readonly ExportColumn[] {
  const { dueNs, issuedNs, firstChunkNs, completedNs, outcomes } = samples;
  return [
    text('sample_id', (i) => sampleUuid(runId, samples.seqs[i] as SampleSeq)),
    integer('seq', (i) => samples.seqs[i]!),
    integer('dataset_row', (i) => samples.rows[i]!),
    { name: 'measured', kind: 'boolean', at: (i) => samples.measured[i] === 1 },
    text('outcome', (i) => SAMPLE_OUTCOMES[outcomes[i]!]!),
    text('error_type', (i) => samples.errorTypes.get(i) ?? null),
    text('finish_reason', (i) => samples.finishReasons.get(i) ?? null),
    integer('due_ns', (i) => dueNs[i]!),
    integer('issued_ns', (i) => issuedNs[i]!),
    integer('first_chunk_ns', (i) => firstChunkNs[i]!),
    integer('last_chunk_ns', (i) => samples.lastChunkNs[i]!),
    integer('completed_ns', (i) => completedNs[i]!),
    integer('first_chunk_late_ns', (i) => samples.firstChunkLateNs[i]!),
    integer('completed_late_ns', (i) => samples.completedLateNs[i]!),
    integer('issue_delay_ns', (i) => issuedNs[i]! - dueNs[i]!),
    integer('ttft_ns', (i) => firstChunkNs[i]! - issuedNs[i]!),
    integer('latency_ns', (i) => completedNs[i]! - issuedNs[i]!),
    integer('response_ttft_ns', (i) => firstChunkNs[i]! - dueNs[i]!),
    integer('response_latency_ns', (i) => completedNs[i]! - dueNs[i]!),
    integer('tpot_ns', (i) => Math.round(timePerTokenNs(samples, i))),
    integer('chunks', (i) => samples.chunks[i]!),
    integer('input_tokens', (i) => samples.inputTokens[i]!),
    integer('output_tokens', (i) => samples.outputTokens[i]!),
    integer('worker', (i) => (samples.workers[i]! < 0 ? NaN : samples.workers[i]!)),
  ];
}

/** NaN, which stands for what never came, becomes null. */
function integer(name: string, at: (index: number) => number): ExportColumn {
  return {
    name,
    kind: 'integer',
    at: (index) => {
      const value = at(index);
      return Number.isNaN(value) ? null : value;
    },
  };
}

function text(name: string, at: (index: number) => string | null): ExportColumn {
  return { name, kind: 'text', at };
}
