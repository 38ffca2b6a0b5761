import { InferometerError } from '../core/errors.ts';
import type { RandomSource } from '../core/random.ts';

/** The ways to fail in the middle, and what they do. */
export const FAILURE_KINDS = {
  reset: 'resets the connection when the first token is due, with nothing sent',
  stall: 'sends half of the answer and then nothing, for ever',
  cut: 'closes the connection in the middle of the answer',
  garbage: 'sends something that is no JSON in the middle of the answer',
  error: 'sends an error object in the middle of a stream, or as the body',
  empty: 'ends a stream without a token, or sends an empty body',
} as const;

/** A failure of an answer that began well; the other kind refuses at once. */
export type AnswerFailure = keyof typeof FAILURE_KINDS;
export type FailureKind = AnswerFailure | 'status';

export interface FailureMode {
  readonly kind: FailureKind;
  /** The HTTP status, for kind `status`; else 200. */
  readonly status: number;
  /** Of a request, from 0 to 1. */
  readonly probability: number;
}

/** Reads `status:503=0.01`, `reset=0.001` and the like. Throws `INFEROMETER_MOCK_FAILURE` (input). */
export function parseFailureMode(text: string): FailureMode {
  const match = /^(?:status:(\d{3})|([a-z]+))=(\S+)$/.exec(text.trim());
  const status = Number(match?.[1] ?? 200);
  const kind = match?.[1] === undefined ? match?.[2] : 'status';
  const probability = Number(match?.[3]);
  const isKind =
    kind === 'status' ? status >= 300 && status <= 599 : kind !== undefined && kind in FAILURE_KINDS;
  if (isKind && probability >= 0 && probability <= 1)
    return { kind: kind as FailureKind, status, probability };
  const kinds = ['status:300…599', ...Object.keys(FAILURE_KINDS)].join(', ');
  throw failureError(
    `must be KIND=PROBABILITY with a kind of ${kinds} and a probability from 0 to 1 (got "${text}")`,
  );
}

/** Refuses modes whose probabilities add up to more than 1. */
export function checkFailureModes(modes: readonly FailureMode[]): void {
  const total = modes.reduce((sum, { probability }) => sum + probability, 0);
  if (total > 1 + 1e-9) throw failureError(`must have probabilities that add up to at most 1 (got ${total})`);
}

/** What happens to one request; `undefined` for nothing. One draw, none when there are no modes. */
export function drawFailure(modes: readonly FailureMode[], random: RandomSource): FailureMode | undefined {
  if (modes.length === 0) return undefined;
  let rest = random.uniform();
  return modes.find(({ probability }) => (rest -= probability) < 0);
}

function failureError(message: string): InferometerError {
  return new InferometerError('INFEROMETER_MOCK_FAILURE', 'input', `--fail ${message}`);
}
