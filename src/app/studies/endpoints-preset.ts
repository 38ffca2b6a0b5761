import { parseDurationMs } from '../../config/units.ts';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { endpointsCurve } from '../../studies/endpoints-curve.ts';
import type { SweepQuestion } from './study-question.ts';

const NAME = 'mlperf-endpoints';
/** Of a point in the low, medium and high regions; 10 min for the single user (§6.2 of the rules). */
const SHORTEST = '20m';

/**
 * A sweep with the points of an MLPerf Endpoints curve, and with the settings that its rules have where none were given: fixed concurrency,
 * streaming, sampling with replacement, 20 min a point. Not part of it: accuracy runs, the offline point, whole passes over the dataset and
 * the seeds of a submission. Throws `INFEROMETER_STUDY_FLAG` (input).
 */
export function withEndpointsPreset(
  question: SweepQuestion,
  preset: string | undefined,
  log: Log,
): SweepQuestion {
  if (preset === undefined) return question;
  const [, highest] = new RegExp(`^${NAME}:(\\d{1,7})$`).exec(preset) ?? [];
  if (highest === undefined)
    throw fault(preset, `must be ${NAME}:MAX with the highest concurrency, such as ${NAME}:1024`);
  const curve = endpointsCurve(Number(highest));
  if (typeof curve === 'string') throw fault(preset, curve);
  const { run, over, design } = question;
  if (
    design !== 'grid' ||
    over.some((text) => /^\s*(?:--)?(concurrency|rate)\s*=/.test(text)) ||
    run['--rate'] !== undefined
  )
    throw fault(preset, 'sets the load itself; leave out --design, --rate and --over concurrency or rate');
  const isLimited = run['--duration'] !== undefined || run['--samples'] !== undefined;
  const givenMs = parseDurationMs(run['--duration']?.at(-1) ?? SHORTEST);
  if (run['--samples'] !== undefined || (givenMs ?? 0) < parseDurationMs(SHORTEST)!)
    log.warning(
      `the rules of MLPerf Endpoints want ${SHORTEST} of steady load for a point; shorter ones show the shape of the curve only`,
    );
  return {
    ...question,
    over: [`concurrency=${curve.map(({ concurrency }) => concurrency).join(',')}`, ...over],
    run: {
      '--streaming': ['on'],
      '--sample-order': ['with-replacement'],
      ...(isLimited ? {} : { '--duration': [SHORTEST] }),
      ...run,
    },
  };
}

function fault(preset: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_STUDY_FLAG', 'input', `--preset ${preset}: ${what}`);
}
