import type { DurationDistribution } from '../core/duration-distribution.ts';
import { parseDecimal, parseDurationMs } from './units.ts';

/** One way for spans of time to be spread, as people write it. A new one is one entry of `FORMS`. */
interface Form {
  readonly form: string;
  /** Undefined for parameters that make no sense. */
  readonly create: (parameters: readonly string[]) => DurationDistribution | undefined;
}

/** Beyond this the logarithm is spread over more than any clock counts. */
const MAX_SIGMA = 5;

const FORMS: Readonly<Record<string, Form>> = {
  fixed: {
    form: 'fixed:TIME',
    create: ([time, ...rest]) => {
      const ms = timeMs(time);
      return ms === undefined || rest.length > 0 ? undefined : { kind: 'fixed', ms };
    },
  },
  uniform: {
    form: 'uniform:LEAST,MOST',
    create: ([least, most, ...rest]) => {
      const [leastMs, mostMs] = [timeMs(least), timeMs(most)];
      if (leastMs === undefined || mostMs === undefined || rest.length > 0) return undefined;
      return leastMs <= mostMs ? { kind: 'uniform', leastMs, mostMs } : undefined;
    },
  },
  exponential: {
    form: 'exponential:MEAN',
    create: ([mean, ...rest]) => {
      const meanMs = timeMs(mean);
      return meanMs === undefined || rest.length > 0 ? undefined : { kind: 'exponential', meanMs };
    },
  },
  lognormal: {
    form: 'lognormal:MEDIAN,SIGMA',
    create: ([median, spread, ...rest]) => {
      const medianMs = timeMs(median);
      const sigma = spread === undefined ? undefined : parseDecimal(spread);
      if (medianMs === undefined || sigma === undefined || rest.length > 0) return undefined;
      return sigma >= 0 && sigma <= MAX_SIGMA ? { kind: 'lognormal', medianMs, sigma } : undefined;
    },
  },
};

export const DURATIONS_ALLOWED = `a time with its unit such as 2s, or one of ${Object.values(FORMS)
  .map(({ form }) => form)
  .join(', ')}, such as lognormal:2s,0.5`;

/** Spans of time as people write them: `2s`, `lognormal:2s,0.5`. Undefined for anything else. */
export function parseDurations(text: string): DurationDistribution | undefined {
  const [, name, rest] = /^([a-z]+):(.+)$/.exec(text.trim()) ?? [];
  if (name === undefined) return FORMS.fixed!.create([text]);
  return Object.hasOwn(FORMS, name) ? FORMS[name]!.create(rest!.split(',')) : undefined;
}

/** Above 0: a time of 0 would be no distribution but an instruction to do without. */
function timeMs(text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : parseDurationMs(text);
  return ms !== undefined && ms > 0 ? ms : undefined;
}
