import { InferometerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Frame } from '../transport/frame.ts';

/** Whose run a log is, and where its clock begins: what the first frame of every log says, beside the header of a run of ours. */
export interface LogOrigin {
  readonly runId: RunId;
  /** CLOCK_MONOTONIC at the run's origin. */
  readonly originNs: bigint;
  /** Addresses of the publishers whose events were aggregated; missing or none for other runs. */
  readonly publishers?: readonly string[];
}

/**
 * Reads `run_id`, `origin_ns` (decimal text) and the addresses in `published_by` of a header frame; in logs of versions before 0.2 they are in
 * `publishers`. Throws `INFEROMETER_RUNLOG_HEADER`.
 */
export function readLogOrigin(frame: Frame): LogOrigin {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(frame.body));
  } catch (error) {
    throw badHeader('is no JSON', error);
  }
  const fields = (json ?? {}) as Record<string, unknown>;
  const { run_id: runId, origin_ns: originNs, published_by: by } = fields;
  const { addresses: publishers = [] } = (by ?? { addresses: fields.publishers }) as Record<string, unknown>;
  if (typeof runId !== 'string') throw badHeader('has no run_id');
  if (typeof originNs !== 'string' || !/^-?\d+$/.test(originNs)) {
    throw badHeader('has no origin_ns, a decimal text');
  }
  if (!Array.isArray(publishers)) throw badHeader('has publishers that are no list');
  return { runId: runId as RunId, originNs: BigInt(originNs), publishers: publishers.map(String) };
}

function badHeader(what: string, cause?: unknown): InferometerError {
  return new InferometerError('INFEROMETER_RUNLOG_HEADER', 'result', `header frame of the run log ${what}`, {
    cause,
  });
}
