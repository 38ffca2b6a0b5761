import { MAX_IN_FLIGHT } from '../core/load-ranges.ts';
import type { Arrival, Load, Meaning, Stage, Sweep } from './meaning.ts';
import { timeText } from './tool.ts';

/** The load of one run. */
export interface LoadVariant {
  /** Names its folder among others. */
  readonly name: string;
  readonly words: readonly string[];
}

interface Loads {
  readonly variants: readonly LoadVariant[];
  readonly notes: readonly string[];
}

const CAP_NOTE =
  'Requests wait here while the cap is reached, and the report counts the wait, which their latency leaves out.';
/** Longer than any run that a number of requests ends. */
const LAST_STAGE = '24h';
/** Straight pieces that a curve is drawn with. */
const RAMP_PIECES = 8;

/** How much is sent and when it ends, for one run or several. */
export function loadWords(meaning: Meaning): Loads {
  const { load } = meaning;
  const ends = stopWords(meaning);
  const one = (words: readonly string[], ...notes: string[]): Loads => ({
    variants: [{ name: 'run', words: [...words, ...ends] }],
    notes,
  });
  switch (load.kind) {
    case 'one_at_a_time':
      return one(['--concurrency', '1']);
    case 'concurrency':
      return load.ramp_seconds === undefined
        ? one(['--concurrency', String(load.concurrency)])
        : one(rampedStages('concurrency', load.concurrency, load.ramp_seconds, meaning));
    case 'all_at_once':
      return load.max_in_flight === undefined
        ? one(burstWords(meaning))
        : one(['--concurrency', String(load.max_in_flight)]);
    case 'rate': {
      const rate =
        load.ramp_seconds === undefined
          ? ['--rate', String(load.per_second)]
          : rampedStages('rate', load.per_second, load.ramp_seconds, meaning);
      const words = [...patternWords(load.arrival, load.shape), ...rate, ...capWords(load.max_in_flight)];
      return one(words, ...(load.max_in_flight === undefined ? [] : [CAP_NOTE]));
    }
    case 'rate_ramp':
      return one(
        ['--stages', rampText(load, meaning.stop.requests ?? 1000), ...capWords(load.max_in_flight)],
        `Their rate changes with each request; these stages follow it in ${RAMP_PIECES} straight pieces.`,
      );
    case 'stages':
      return stagesWords(load, ends);
    case 'schedule':
      return one(replayWords(load));
    case 'sweep':
      return sweepWords(load, meaning, ends);
  }
}

function stopWords({ stop, dataset, load }: Meaning): readonly string[] {
  const { requests, inputs, conversations, seconds = stop.window_seconds } = stop;
  const turns = dataset.turns?.mean;
  const samples = inputs === undefined ? requests : Math.ceil(inputs / (dataset.inputs_per_request ?? 1));
  // Where turns make conversations, requests cannot end a run.
  const whole =
    conversations ?? (turns === undefined || samples === undefined ? undefined : Math.ceil(samples / turns));
  const isStaged = load.kind === 'concurrency' && load.ramp_seconds !== undefined;
  return [
    ...(turns === undefined && conversations === undefined && samples !== undefined
      ? ['--samples', String(samples)]
      : []),
    ...(whole === undefined ? [] : ['--conversations', String(whole)]),
    ...(seconds === undefined || isStaged ? [] : ['--duration', timeText(seconds * 1000)]),
  ];
}

function patternWords(arrival: Arrival, shape?: number): readonly string[] {
  if (arrival === 'gamma') return ['--burstiness', String(shape ?? 1)];
  return ['--pattern', arrival];
}

function capWords(most: number | undefined): readonly string[] {
  return most === undefined ? [] : ['--max-in-flight', String(most)];
}

/** Everything at once: with as many connections as requests. */
function burstWords({ stop }: Meaning): readonly string[] {
  const requests = stop.inputs ?? stop.requests;
  return [
    ...['--pattern', 'burst'],
    ...(requests === undefined ? [] : ['--max-connections', String(Math.min(requests, MAX_IN_FLIGHT))]),
  ];
}

function rampedStages(
  what: 'rate' | 'concurrency',
  value: number,
  rampSeconds: number,
  { stop }: Meaning,
): readonly string[] {
  const rest =
    stop.seconds === undefined ? LAST_STAGE : timeText(Math.max(1, stop.seconds - rampSeconds) * 1000);
  return ['--stages', `ramp to ${value} over ${timeText(rampSeconds * 1000)}, ${what} ${value} for ${rest}`];
}

/** Rates at equal numbers of requests, and the times between them that these requests take. */
function rampText(ramp: Extract<Load, { readonly kind: 'rate_ramp' }>, requests: number): string {
  const { from_per_second: from, to_per_second: to, shape } = ramp;
  const rateAt = (part: number) =>
    shape === 'linear' ? from + (to - from) * part : from * (to / from) ** part;
  const stages = [`rate ${from} for 1ms`];
  for (let piece = 1; piece <= RAMP_PIECES; piece++) {
    const [start, end] = [rateAt((piece - 1) / RAMP_PIECES), rateAt(piece / RAMP_PIECES)];
    const seconds = requests / RAMP_PIECES / ((start + end) / 2);
    stages.push(`ramp to ${rounded(end)} over ${timeText(Math.round(seconds * 1000))}`);
  }
  return [...stages, `rate ${to} for ${LAST_STAGE}`].join(', ');
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function stagesWords(load: Extract<Load, { readonly kind: 'stages' }>, ends: readonly string[]): Loads {
  const { stages, pause_seconds: pause = 0, arrival } = load;
  if (stages.every(({ concurrency }) => concurrency !== undefined)) {
    return {
      variants: stages.map(({ concurrency, requests }) => ({
        name: `concurrency-${concurrency}`,
        words: ['--concurrency', String(concurrency), '--samples', String(requests)],
      })),
      notes: stages.length > 1 ? ['Each stage with a number of requests is a run of its own.'] : [],
    };
  }
  const pattern = patternWords(arrival ?? 'constant');
  const [only] = stages;
  const words =
    stages.length === 1
      ? ['--rate', String(only!.per_second), '--duration', timeText(only!.seconds! * 1000)]
      : [
          '--stages',
          stages.map(stageText).join(pause > 0 ? `, pause for ${timeText(pause * 1000)}, ` : ', '),
        ];
  return {
    variants: [{ name: 'run', words: [...pattern, ...words, ...ends] }],
    notes:
      stages.length > 1
        ? [
            'The stages are one run here; the report shows it over time, and its percentiles are of all stages.',
          ]
        : [],
  };
}

function stageText({ per_second: rate, seconds }: Stage): string {
  return `rate ${rate} for ${timeText(seconds! * 1000)}`;
}

function replayWords(load: Extract<Load, { readonly kind: 'schedule' }>): readonly string[] {
  const { time_scale: scale, from_ms: fromMs, until_ms: untilMs } = load;
  return [
    '--replay',
    ...(scale === undefined ? [] : ['--speed', String(rounded(1 / scale))]),
    ...(fromMs === undefined ? [] : ['--from', timeText(fromMs)]),
    ...(untilMs === undefined ? [] : ['--to', timeText(untilMs)]),
  ];
}

function sweepWords(sweep: Sweep, meaning: Meaning, ends: readonly string[]): Loads {
  const { values, of, arrival = 'poisson', points, probe, seconds_each: secondsEach } = sweep;
  if (values !== undefined) {
    return {
      variants: values.map((value) => ({
        name: `${of}-${value}`,
        words: [...(of === 'rate' ? patternWords(arrival) : []), ...[`--${of}`, String(value)], ...ends],
      })),
      notes: [`Each ${of} is a run of its own; inferometer compare sets two side by side.`],
    };
  }
  if (probe !== undefined) {
    const burst = ['--pattern', 'burst', '--samples', String(probe.requests)];
    return {
      variants: [{ name: 'saturation', words: [...burst, '--duration', timeText(probe.seconds * 1000)] }],
      notes: [
        `This run finds the rate at saturation. Then run ${points} rates up to it: --pattern ${arrival} --rate N --duration ${timeText((secondsEach ?? 180) * 1000)} in place of the burst.`,
      ],
    };
  }
  return {
    variants: [
      { name: 'one-at-a-time', words: ['--concurrency', '1', ...ends] },
      { name: 'throughput', words: [...burstWords(meaning), ...ends] },
    ],
    notes: [
      `These are the ends of the sweep. Then run ${(points ?? 10) - 2} rates between the two throughputs: --pattern ${arrival} --rate N in place of the burst.`,
    ],
  };
}
