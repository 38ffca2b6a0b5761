import { type ResponseKind, SOUND_KINDS, TOKEN_KINDS } from './response-kind.ts';

/** What a number means; names of series carry it as their ending. */
export type MetricUnit = 'samples' | 'tokens' | 'ns';

/** A number that counts up or is set; all are integers from 0. */
export interface CounterDescriptor {
  readonly kind: 'counter';
  readonly name: string;
  readonly unit: MetricUnit;
  readonly help: string;
}

/** A distribution of values over the tracked samples, or over the connections of a run. */
export interface SeriesDescriptor {
  readonly kind: 'series';
  readonly name: string;
  readonly unit: MetricUnit;
  readonly help: string;
  readonly valueKind: 'int' | 'float';
  /** Its high percentiles carry MLPerf early-stopping bounds when those are asked for. */
  readonly tailLatency: boolean;
  /** Only registered when answers are streamed. */
  readonly streamingOnly: boolean;
  /** Only registered when requests are turns of conversations. */
  readonly conversationsOnly: boolean;
  /** About the connections of a run, and not about samples; registered with its first value. */
  readonly connectionsOnly: boolean;
  /** What people read: with it the series is in the report, its JSON, the live views and the exported metrics, and nothing else need be written. */
  readonly shownAs?: string;
  /** Only registered when responses are of these kinds; null for all. */
  readonly onlyKinds: readonly ResponseKind[] | null;
  /** Lowest and highest value the live histogram tells apart; values beyond are clamped there and nowhere else. */
  readonly hdrLow: number;
  readonly hdrHigh: number;
}

const ONE_HOUR_NS = 3_600_000_000_000;
const NS_BOUNDS = { unit: 'ns', hdrLow: 1, hdrHigh: ONE_HOUR_NS } as const;
const TOKEN_BOUNDS = { unit: 'tokens', hdrLow: 1, hdrHigh: 10_000_000 } as const;

/** Every counter we publish, in order of registration: the reference's, then ours. */
export const COUNTERS = [
  counter('total_samples_issued', 'samples', 'Samples issued, warm-up included'),
  counter('total_samples_completed', 'samples', 'Samples that ended, warm-up and failed ones included'),
  counter('total_samples_failed', 'samples', 'Error events, warm-up included'),
  counter('tracked_samples_issued', 'samples', 'Samples issued inside a tracking window'),
  counter('tracked_samples_completed', 'samples', 'Tracked samples that ended, failed ones included'),
  counter(
    'tracked_samples_failed',
    'samples',
    'Error events of tracked samples, but for those cancelled by plan',
  ),
  counter('tracked_finish_reason_stop', 'samples', 'Tracked samples that ended with finish reason stop'),
  counter('tracked_finish_reason_length', 'samples', 'Tracked samples that ended with finish reason length'),
  counter('tracked_finish_reason_tool_calls', 'samples', 'Tracked samples that ended with tool_calls'),
  counter(
    'tracked_finish_reason_content_filter',
    'samples',
    'Tracked samples that ended with content_filter',
  ),
  counter('tracked_finish_reason_function_call', 'samples', 'Tracked samples that ended with function_call'),
  counter(
    'tracked_finish_reason_other',
    'samples',
    'Tracked samples that ended with any other finish reason',
  ),
  counter(
    'tracked_duration_ns',
    'ns',
    'Sum over tracking windows, each from its start to its last completion',
  ),
  counter(
    'legacy_loadgen_window_duration_ns',
    'ns',
    'First tracked issue to the completion of the last-issued tracked sample',
  ),
  counter('total_duration_ns', 'ns', 'Session start to the latest event'),
  counter('tracked_samples_succeeded', 'samples', 'Tracked samples that ended without an error'),
  counter('tracked_samples_errored', 'samples', 'Tracked samples that ended with an error'),
  counter('tracked_samples_cancelled', 'samples', 'Tracked samples that were cancelled by the run itself'),
  counter('tracked_samples_cancelled_by_plan', 'samples', 'Tracked samples that were cancelled by plan'),
  counter('tracked_samples_not_sent', 'samples', 'Samples that were due and given up before they were sent'),
] as const satisfies readonly CounterDescriptor[];

/** Positions of turns in their thread, counted from 1, that are shown together. */
export const TURN_BUCKETS = ['1', '2', '3_4', '5_8', '9_16', '17_up'] as const;
export type TurnBucket = (typeof TURN_BUCKETS)[number];

/** Every series we publish, in order of registration: the reference's, then ours. */
export const SERIES = [
  series('sample_latency_ns', NS_BOUNDS, {
    help: 'Issue to completion, failed samples included',
    tailLatency: true,
  }),
  series('isl', TOKEN_BOUNDS, { help: 'Input sequence length: tokens of the prompt' }),
  textSeries('osl', TOKEN_BOUNDS, { help: 'Output sequence length: tokens of the whole answer' }),
  streamingSeries('ttft_ns', NS_BOUNDS, {
    help: 'Time to first token: issue to the first chunk',
    tailLatency: true,
  }),
  streamingSeries('chunk_delta_ns', NS_BOUNDS, { help: 'Time between two chunks of a sample' }),
  streamingSeries('tpot_ns', NS_BOUNDS, {
    help: 'Time per output token from the first chunk to the last',
    valueKind: 'float',
    tailLatency: true,
  }),
  streamingSeries('response_ttft_ns', NS_BOUNDS, {
    help: 'Due time to the first chunk',
    tailLatency: true,
  }),
  series('response_latency_ns', NS_BOUNDS, {
    help: 'Due time to completion, successful samples only',
    tailLatency: true,
  }),
  series('issue_delay_ns', NS_BOUNDS, { help: 'Due time to issue: how late the load generator was' }),
  streamingSeries('ttft_content_ns', NS_BOUNDS, { help: 'Issue to the first content chunk' }),
  streamingSeries('ttft_reasoning_ns', NS_BOUNDS, { help: 'Issue to the first reasoning chunk' }),
  streamingSeries('ttft_tool_ns', NS_BOUNDS, { help: 'Issue to the first tool-call chunk' }),
  streamingSeries('ttft_refusal_ns', NS_BOUNDS, { help: 'Issue to the first refusal chunk' }),
  series('cached_tokens', TOKEN_BOUNDS, {
    help: 'Prompt tokens from the prefix cache, as the server reports',
  }),
  textSeries('reasoning_tokens', TOKEN_BOUNDS, { help: 'Output tokens of reasoning, streamed or hidden' }),
  textSeries('accepted_prediction_tokens', TOKEN_BOUNDS, {
    help: 'Output tokens taken from a predicted output',
  }),
  conversationSeries('conversation_latency_ns', NS_BOUNDS, {
    help: 'Due time of the first turn to the end of the last, of conversations whose turns all succeeded',
    shownAs: 'Conversation',
  }),
  ...TURN_BUCKETS.flatMap((bucket) => turnSeries(bucket)),
  {
    ...kindSeries('first_image_ns', ['images'], {
      help: 'Issue to the first image of a stream, partial or whole',
      shownAs: 'First image',
    }),
    streamingOnly: true,
  },
  kindSeries('first_audio_ns', ['speech'], {
    help: 'Issue to the first byte of sound, behind the header of its file',
    shownAs: 'First audio',
  }),
  kindSeries('audio_second_ns', SOUND_KINDS, {
    help: 'Latency per second of audio, successful samples whose audio has a known length',
    shownAs: 'Per s of audio',
  }),
  connectionSeries('dns_lookup_ns', {
    help: 'Lookup of the host name of an endpoint, once in each engine thread',
    shownAs: 'DNS lookup',
  }),
  connectionSeries('tcp_connect_ns', {
    help: 'TCP connection to the endpoint, or to the proxy in front of it',
    shownAs: 'TCP connect',
  }),
  connectionSeries('tls_handshake_ns', {
    help: 'TLS handshake on a connection that stands',
    shownAs: 'TLS handshake',
  }),
  connectionSeries('request_sent_ns', {
    help: 'First request on a connection until the system had taken all of it',
    shownAs: 'First request sent',
  }),
] as const satisfies readonly SeriesDescriptor[];

export type CounterName = (typeof COUNTERS)[number]['name'];
export type SeriesName = (typeof SERIES)[number]['name'];
/** The series that exist only when answers are streamed. */
export type StreamingSeriesName = Extract<(typeof SERIES)[number], { streamingOnly: true }>['name'];
/** The series that exist only when requests are turns of conversations. */
export type ConversationSeriesName = Extract<(typeof SERIES)[number], { conversationsOnly: true }>['name'];
/** The series about connections. */
export type ConnectionSeriesName = Extract<(typeof SERIES)[number], { connectionsOnly: true }>['name'];
/** The series that exist only when responses are of certain kinds. */
export type KindSeriesName = Extract<(typeof SERIES)[number], { onlyKinds: readonly ResponseKind[] }>['name'];
export type MetricDescriptor = CounterDescriptor | SeriesDescriptor;

const METRIC_OF_NAME: ReadonlyMap<string, MetricDescriptor> = new Map(
  [...COUNTERS, ...SERIES].map((metric) => [metric.name, metric]),
);

/** The series that are shown by what the catalogue says, and by no rule of their own. */
export const SHOWN_SERIES: readonly (SeriesDescriptor & {
  readonly name: SeriesName;
  readonly shownAs: string;
})[] = SERIES.flatMap((one: SeriesDescriptor & { readonly name: SeriesName }) =>
  one.shownAs === undefined ? [] : [{ ...one, shownAs: one.shownAs }],
);

/** The descriptor of a metric by name, or `undefined` for one that is not ours. */
export function metricOfName(name: string): MetricDescriptor | undefined {
  return METRIC_OF_NAME.get(name);
}

function counter<Name extends string>(name: Name, unit: MetricUnit, help: string) {
  return { kind: 'counter', name, unit, help } as const;
}

type SeriesBounds = Pick<SeriesDescriptor, 'unit' | 'hdrLow' | 'hdrHigh'>;
type SeriesTraits = Pick<SeriesDescriptor, 'help'> &
  Partial<Pick<SeriesDescriptor, 'valueKind' | 'tailLatency' | 'shownAs'>>;

function series<Name extends string>(name: Name, bounds: SeriesBounds, traits: SeriesTraits) {
  const defaults = { valueKind: 'int', tailLatency: false } as const;
  const only = {
    streamingOnly: false,
    conversationsOnly: false,
    onlyKinds: null,
    connectionsOnly: false,
  } as const;
  return { kind: 'series', ...only, ...defaults, ...bounds, ...traits, name } as const;
}

function streamingSeries<Name extends string>(name: Name, bounds: SeriesBounds, traits: SeriesTraits) {
  return { ...textSeries(name, bounds, traits), streamingOnly: true } as const;
}

function textSeries<Name extends string>(name: Name, bounds: SeriesBounds, traits: SeriesTraits) {
  return { ...series(name, bounds, traits), onlyKinds: TOKEN_KINDS } as const;
}

/** Times of responses of certain kinds. */
function kindSeries<Name extends string>(name: Name, kinds: readonly ResponseKind[], traits: SeriesTraits) {
  return { ...series(name, NS_BOUNDS, traits), onlyKinds: kinds } as const;
}

function conversationSeries<Name extends string>(name: Name, bounds: SeriesBounds, traits: SeriesTraits) {
  return { ...series(name, bounds, traits), conversationsOnly: true } as const;
}

function connectionSeries<Name extends string>(name: Name, traits: SeriesTraits) {
  return { ...series(name, NS_BOUNDS, traits), connectionsOnly: true } as const;
}

/** What is told by the position of turns. */
function turnSeries(bucket: TurnBucket) {
  const which = `turn ${bucket.replace('_up', ' and later').replace('_', ' to ')}`;
  return [
    {
      ...conversationSeries(`turn_${bucket}_ttft_ns`, NS_BOUNDS, { help: `TTFT of ${which}` }),
      streamingOnly: true,
    },
    conversationSeries(`turn_${bucket}_latency_ns`, NS_BOUNDS, {
      help: `Issue to completion of ${which}, successful samples only`,
    }),
    conversationSeries(`turn_${bucket}_isl`, TOKEN_BOUNDS, {
      help: `Prompt tokens of ${which}, as the server reports`,
    }),
    conversationSeries(`turn_${bucket}_cached_tokens`, TOKEN_BOUNDS, {
      help: `Prompt tokens of ${which} from the prefix cache, as the server reports`,
    }),
    conversationSeries(`turn_${bucket}_cacheable_tokens`, TOKEN_BOUNDS, {
      help: `Prompt tokens of ${which} that earlier turns of the conversation can have left in a prefix cache, at most`,
    }),
  ] as const;
}
