import { definedOf, urlOf } from './common-flags.ts';
import type { Lengths, Load, Meaning, Prompts } from './meaning.ts';

// What guidellm means, whichever generation of its flags says it.

const APIS: Readonly<Record<string, readonly [api: string, path: string]>> = {
  chat_completions: ['openai-chat', '/v1/chat/completions'],
  text_completions: ['openai-completions', '/v1/completions'],
  responses: ['openai-responses', '/v1/responses'],
  embeddings: ['openai-embeddings', '/v1/embeddings'],
  audio_transcriptions: ['openai-transcription', '/v1/audio/transcriptions'],
};

/** By the name of the API, or its path. Undefined for others. */
export function guidellmApi(format: string): readonly [api: string, path: string] | undefined {
  return APIS[format] ?? Object.values(APIS).find(([, path]) => path === format);
}

export const GUIDELLM_APIS = Object.keys(APIS).join(', ');

export interface GuidellmProfile {
  readonly kind: string;
  readonly rates: readonly number[];
  /** Cap of `throughput`. */
  readonly most?: number | undefined;
  /** Points of a sweep. */
  readonly points: number;
  readonly arrival: string;
  readonly timeScale?: number | undefined;
  readonly rampSeconds?: number | undefined;
}

/** Undefined for a profile that searches, which no command here does. */
export function guidellmLoad(profile: GuidellmProfile): Load | undefined {
  const { kind, rates, most, points, timeScale, rampSeconds } = profile;
  const ramp = definedOf({ ramp_seconds: rampSeconds || undefined });
  switch (kind) {
    case 'synchronous':
      return { kind: 'one_at_a_time' };
    case 'concurrent':
      return rates.length > 1
        ? { kind: 'sweep', of: 'concurrency', values: rates }
        : { kind: 'concurrency', concurrency: rates[0] ?? 1, ...ramp };
    case 'throughput':
      return { kind: 'all_at_once', ...definedOf({ max_in_flight: most }) };
    case 'constant':
    case 'poisson':
    case 'async':
      return rates.length > 1
        ? { kind: 'sweep', of: 'rate', values: rates, arrival: kind === 'poisson' ? kind : 'constant' }
        : {
            kind: 'rate',
            per_second: rates[0] ?? 1,
            arrival: kind === 'poisson' ? kind : 'constant',
            ...ramp,
          };
    case 'sweep':
      return {
        kind: 'sweep',
        of: 'rate',
        points,
        arrival: profile.arrival === 'poisson' ? 'poisson' : 'constant',
        between: 'one at a time and full throughput',
      };
    case 'replay':
      return { kind: 'schedule', from: 'timestamps', ...definedOf({ time_scale: timeScale }) };
    default:
      return undefined;
  }
}

/** What `--data` describes: numbers of tokens, or a file. */
export function guidellmPrompts(fields: Readonly<Record<string, unknown>>): Prompts {
  const number = (name: string) => (fields[name] === undefined ? undefined : Number(fields[name]));
  const turns = number('turns') ?? 1;
  const prefixTokens = number('prefix_tokens') ?? 0;
  return {
    kind: 'synthetic',
    input: lengthsOf('prompt', number),
    output: lengthsOf('output', number),
    ...(turns > 1 ? { turns: { mean: turns } } : {}),
    ...(prefixTokens > 0 ? { prefixes: number('prefix_count') ?? 1, prefix_tokens: prefixTokens } : {}),
  };
}

function lengthsOf(name: string, number: (name: string) => number | undefined): Lengths {
  const mean = number(`${name}_tokens`);
  const stddev = number(`${name}_tokens_stdev`);
  const bounds = { min: number(`${name}_tokens_min`), max: number(`${name}_tokens_max`) };
  if (mean === undefined) return { tokens: null };
  if (stddev !== undefined && stddev > 0) return { normal: { mean, stddev }, ...definedOf(bounds) };
  return bounds.min !== undefined && bounds.max !== undefined && bounds.min < bounds.max
    ? { uniform: [bounds.min, bounds.max] }
    : { tokens: mean };
}

/** Below 1 a share of the run, else seconds or requests. */
export function leftOutOf(
  first: number | undefined,
  last: number | undefined,
): Pick<Meaning, 'leave_out' | 'notes'> {
  const isShare = (value: number | undefined) => value !== undefined && value > 0 && value < 1;
  const counts = [first, last].filter((value) => value !== undefined && value >= 1);
  return {
    leave_out: definedOf({
      first_share: isShare(first) ? first : undefined,
      last_share: isShare(last) ? last : undefined,
    }),
    notes:
      counts.length > 0
        ? ['Nothing is left out of the figures here; use --warmup for requests that are not measured.']
        : [],
  };
}

/** The parts that both generations fill in the same way. */
export function guidellmServer(
  target: string | undefined,
  [api, path]: readonly [api: string, path: string],
): Pick<Meaning, 'api' | 'endpoint'> {
  return { endpoint: { url: urlOf(target ?? 'http://localhost:8000').replace(/\/v1$/, ''), path }, api };
}

/** `a=1,b=2` as names and texts. A comma within braces separates nothing. */
export function keyValues(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    } catch {
      return undefined;
    }
  }
  const parts = text.match(/(?:\{[^}]*\}|\[[^\]]*\]|[^,])+/g) ?? [];
  const pairs = parts.map((part) => /^\s*([\w.]+)=(.*)$/s.exec(part));
  if (pairs.some((pair) => pair === null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!.trim()]));
}
