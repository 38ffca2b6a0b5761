import { durationText } from '../core/quantity-text.ts';
import { NS_PER_MS } from '../core/time.ts';
import { OPEN_LOOP_PATTERNS } from './choices.ts';
import { inputError } from './input-error.ts';
import type { RunConfig } from './schema.ts';
import { isOfConcurrency, type StageConfig, valueOfStage } from './stages.ts';

/** What the settings of a load ask of each other. Throws `InferometerError` (input). */
export function checkLoad({ load }: RunConfig): void {
  const { pattern, rate_per_second: rate, stages, stages_file: file, burstiness, concurrency } = load;
  const hasStages = stages !== undefined || file !== undefined;
  const isOpenLoop = OPEN_LOOP_PATTERNS.some((one) => one === pattern);
  const openLoops = `${OPEN_LOOP_PATTERNS.slice(0, -1).join(', ')} or ${OPEN_LOOP_PATTERNS.at(-1)}`;
  if (rate !== undefined && hasStages) {
    throw inputError('--rate and --stages both say how many requests a second; give one of them');
  }
  if (stages?.some(isOfConcurrency)) checkConcurrencyStages(load, stages);
  if (isOpenLoop && rate === undefined && !hasStages) {
    throw inputError(`--pattern ${pattern} needs --rate, the number of requests per second, or --stages`);
  }
  if (!isOpenLoop && (rate !== undefined || (hasStages && stages?.some(isOfConcurrency) !== true))) {
    const flag = rate === undefined ? '--stages' : '--rate';
    throw inputError(`${flag} is only for --pattern ${openLoops} (got ${pattern})`);
  }
  if (stages?.every((one) => valueOfStage(one) === 0)) {
    throw inputError('--stages have no request: one of them needs a rate or a concurrency above 0');
  }
  if (burstiness !== undefined && pattern !== 'gamma') {
    throw inputError(`--burstiness is only for --pattern gamma (got ${pattern})`);
  }
  if (burstiness === undefined && pattern === 'gamma') {
    throw inputError('--pattern gamma needs --burstiness, the shape of its gaps');
  }
  if (pattern === 'concurrency' && concurrency === undefined && !hasStages) {
    throw inputError(
      '--pattern concurrency needs --concurrency, the number of requests in flight, or --stages',
    );
  }
  if (pattern !== 'concurrency' && concurrency !== undefined) {
    throw inputError(`--concurrency is only for --pattern concurrency (got ${pattern})`);
  }
}

export function checkMaxInFlight({ load, client, endpoints }: RunConfig): void {
  const { pattern, max_in_flight: most } = load;
  if (most === undefined) return;
  if (pattern === 'concurrency')
    throw inputError(
      '--max-in-flight is for rates and --replay; --concurrency already says how many are in flight',
    );
  if (pattern === 'burst')
    throw inputError('--max-in-flight is for rates and --replay; for a burst, use --concurrency instead');
  const { max_connections: connections } = client;
  if (connections !== undefined && connections < most)
    throw inputError(
      `--max-in-flight ${most} needs as many connections (got --max-connections ${connections})`,
    );
  if (most < endpoints.length)
    throw inputError(
      `--max-in-flight must be at least the number of endpoints, ${endpoints.length} (got ${most})`,
    );
}

function checkConcurrencyStages(
  { pattern, concurrency }: RunConfig['load'],
  stages: readonly StageConfig[],
): void {
  if (!stages.every(isOfConcurrency))
    throw inputError('--stages are of a rate or of a concurrency, not of both');
  if (pattern !== 'concurrency')
    throw inputError(`--stages of a concurrency are only for --pattern concurrency (got ${pattern})`);
  if (concurrency !== undefined)
    throw inputError('--concurrency and --stages both say how many requests are in flight; give one of them');
}

/** The flags that say how a trace is replayed, by where their values are. */
const REPLAY_FLAGS = {
  speed: '--speed',
  idle_cap_ms: '--idle-cap',
  from_ms: '--from',
  to_ms: '--to',
} as const;

export function checkReplay({
  load,
  dataset,
  sample_order: order,
  skip_bad_rows: skipsBadRows,
}: RunConfig): void {
  const { pattern, from_ms: fromMs = 0, to_ms: toMs = Infinity } = load;
  if (pattern !== 'replay') {
    for (const [key, flag] of Object.entries(REPLAY_FLAGS)) {
      if (load[key as keyof typeof REPLAY_FLAGS] === undefined) continue;
      throw inputError(`${flag} is only for --replay (got --pattern ${pattern})`);
    }
    return;
  }
  if (dataset === undefined)
    throw inputError('--replay needs --dataset, a trace that says when requests came');
  if (toMs <= fromMs) {
    const [from, to] = [fromMs, toMs].map((ms) => durationText(ms * NS_PER_MS));
    throw inputError(`--to must be later than --from (got --from ${from} and --to ${to})`);
  }
  if (order === 'with_replacement') {
    throw inputError(
      '--sample-order with-replacement is not for --replay: a trace is sent in its order, once',
    );
  }
  if (skipsBadRows) throw inputError('--skip-bad-rows is not for --replay: a trace is sent as a whole');
}
