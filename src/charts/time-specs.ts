import type { BoundedPercentile, HistoryCount, RunHistory, ServerQuantity } from '../core/run-history.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import { bandOf, type Band } from './client-part.ts';
import type { Quantity } from './chart.ts';

/** Values bin by bin; null where there is none. */
export type BinValues = readonly (number | null)[];

export interface TimeLine {
  readonly name: string;
  /** Undefined when the run has no such thing. */
  readonly values: (history: RunHistory) => BinValues | undefined;
  /** Where the true values lie; undefined when that is not known. */
  readonly band?: (history: RunHistory) => Band | undefined;
  /** Left out where several runs are laid over each other. */
  readonly isDetail?: boolean;
}

/** What one chart over time draws. */
export interface TimeChartSpec {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly quantity: Quantity;
  readonly lines: readonly TimeLine[];
  /** Nothing to see when all values are 0. */
  readonly hiddenWhenZero: boolean;
}

/** In closed loop a sample is due when it is issued, and the line would only hide the other. */
const DUE: TimeLine = {
  name: 'due',
  values: (history) => (isOpenLoop(history) ? ratesOf(history, history.counts.due) : undefined),
  isDetail: true,
};

/** Charts over time, from what was asked of the server over what it did to what the client did. */
export const TIME_CHARTS: readonly TimeChartSpec[] = [
  chart(
    'arrivals',
    'Requests per second',
    'number',
    [DUE, rate('issued', 'issued'), rate('succeeded', 'succeeded')],
    {
      description:
        'Requests that were due by the plan in open loop, were issued, and succeeded, each second.',
    },
  ),
  chart(
    'in-flight',
    'Requests in flight',
    'number',
    [{ name: 'in flight', values: (history) => history.in_flight_max }],
    {
      description: 'Most requests in flight at once.',
    },
  ),
  chart(
    'tokens',
    'Tokens per second',
    'number',
    [rate('output tokens', 'output_tokens'), { ...rate('chunks', 'chunks'), isDetail: true }],
    {
      description: 'Output tokens of the samples that ended, and chunks as they came, each second.',
      hiddenWhenZero: true,
    },
  ),
  percentileChart(
    'ttft',
    'Time to first token (TTFT)',
    'ttft_ns',
    'From issued to the first chunk, at that chunk.',
  ),
  percentileChart('chunk-gap', 'Chunk gap', 'chunk_delta_ns', 'Time between two chunks of a sample.'),
  percentileChart('tpot', 'Time per output token (TPOT)', 'tpot_ns', 'After the first, at the completion.'),
  percentileChart('latency', 'Latency', 'sample_latency_ns', 'From issued to completion, at the completion.'),
  percentileChart(
    'issue-delay',
    'Issue delay',
    'issue_delay_ns',
    'How much later than due requests went out.',
  ),
  chart(
    'errors',
    'Failures per second',
    'number',
    [rate('failed', 'errored'), rate('cancelled', 'cancelled')],
    {
      description: 'Samples that failed, and samples the run itself cancelled, each second.',
      hiddenWhenZero: true,
    },
  ),
  chart(
    'server-requests',
    'Server: requests',
    'number',
    [server('running', 'running'), server('waiting', 'waiting')],
    {
      description: 'Requests that the servers compute and that wait there, by their own metrics.',
      hiddenWhenZero: true,
    },
  ),
  chart(
    'server-times',
    'Server: time to first token',
    'duration',
    [server('TTFT', 'ttft_ms'), server('in the queue', 'queue_ms')],
    {
      description:
        'Means by the servers’ own histograms, between two looks. What TTFT has beyond them is the network, or the client.',
      hiddenWhenZero: true,
    },
  ),
  chart(
    'server-cache',
    'Server: caches',
    'share',
    [
      server('KV cache in use', 'kv_use'),
      server('prefix hits', 'prefix_share'),
      server('drafts accepted', 'acceptance'),
    ],
    {
      description:
        'Used share of the KV cache, prompt tokens found in the prefix cache, and drafted tokens that were accepted.',
      hiddenWhenZero: true,
    },
  ),
  chart('server-preemptions', 'Server: preemptions', 'number', [server('preemptions', 'preemptions')], {
    description: 'Requests that lost their place in the KV cache, between two looks.',
    hiddenWhenZero: true,
  }),
  chart('server-power', 'Server: power (W)', 'number', [server('power', 'power_watts')], {
    description: 'What all sources of power told together, the most in each bin.',
    hiddenWhenZero: true,
  }),
  chart(
    'client-delay',
    'Client: time lost',
    'duration',
    [
      {
        name: 'event loop late',
        values: ({ client }) => milliseconds(client.event_loop_delay_max_ms),
      },
      {
        name: 'read late, p99',
        values: ({ client }) => client.late_p99_ms && milliseconds(client.late_p99_ms),
        isDetail: true,
      },
      { name: 'garbage collection', values: ({ client }) => milliseconds(client.gc_ms), isDetail: true },
    ],
    {
      description:
        'The worst engine worker: how late its event loop was at most, and its time in garbage collection. A spike of latency without one here is the server’s.',
    },
  ),
  chart(
    'client-cpu',
    'Client: use of a core',
    'share',
    [
      { name: 'at work', values: ({ client }) => client.cpu_share },
      { name: 'waiting for a core', values: ({ client }) => client.cpu_wait_share },
    ],
    { description: 'The busiest engine worker: share of a core at work, and share of the time without one.' },
  ),
];

function chart(
  id: string,
  title: string,
  quantity: Quantity,
  lines: readonly TimeLine[],
  more: Pick<TimeChartSpec, 'description'> & { readonly hiddenWhenZero?: boolean },
): TimeChartSpec {
  return { id, title, quantity, lines, hiddenWhenZero: false, ...more };
}

function percentileChart(id: string, title: string, series: string, what: string): TimeChartSpec {
  const line = (name: BoundedPercentile): TimeLine => ({
    name,
    values: (history) => history.series[series]?.[name],
    band: (history) => bandOf(history, series, name),
  });
  return chart(id, title, 'duration', [line('p50'), { ...line('p90'), isDetail: true }, line('p99')], {
    description: `${what} Percentiles of the measured samples.`,
    hiddenWhenZero: true,
  });
}

function rate(name: string, count: HistoryCount): TimeLine {
  return { name, values: (history) => ratesOf(history, history.counts[count]) };
}

function server(name: string, quantity: ServerQuantity): TimeLine {
  const isTime = quantity.endsWith('_ms');
  return {
    name,
    values: ({ server: told }) => told && (isTime ? milliseconds(told[quantity]) : told[quantity]),
  };
}

/** As soon as samples are measured. */
function isOpenLoop({ series }: RunHistory): boolean {
  return series.issue_delay_ns?.max.some((delayNs) => delayNs !== null && delayNs > 0) === true;
}

/** Counts as rates a second. A last bin shorter than half of one is left out: it is too short to tell a rate. */
function ratesOf(
  { start_ns: startNs, bin_ns: binNs, end_ns: endNs }: RunHistory,
  counts: readonly number[],
): BinValues {
  const last = counts.length - 1;
  return counts.map((count, i) => {
    const lengthNs = i === last ? Math.min(binNs, endNs - startNs - i * binNs) : binNs;
    if (i > 0 && lengthNs < binNs / 2) return null;
    return lengthNs > 0 ? (count * NS_PER_SECOND) / lengthNs : null;
  });
}

function milliseconds(values: BinValues): BinValues {
  return values.map((value) => (value === null ? null : value * NS_PER_MS));
}
