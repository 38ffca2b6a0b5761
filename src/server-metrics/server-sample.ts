import { KNOWN_SERVERS, type KnownServer, type Places } from './known-servers.ts';
import { type PrometheusSample, readPrometheus } from './prometheus-text.ts';

/** A sum and by how many it is divided, since the server started. */
export interface Total {
  readonly sum: number;
  readonly count: number;
}

/** What a server told of itself at one moment; null for what it does not tell. Levels are of now, the others since it started. Times in seconds. */
export interface ServerFigures {
  readonly server: string;
  readonly running: number | null;
  readonly waiting: number | null;
  readonly kv_use: number | null;
  readonly prefix_share: number | null;
  readonly acceptance: number | null;
  readonly preemptions: number | null;
  readonly prefix: Total | null;
  readonly speculation: Total | null;
  readonly ttft: Total | null;
  readonly queue: Total | null;
  readonly compute: Total | null;
  /** Of TTFT: upper ends, null for no end, and how many were not above each. */
  readonly ttft_buckets: readonly (readonly [le: number | null, count: number])[];
}

/** Content of a `serverMetrics` frame: one look at one server. */
export interface ServerSample {
  /** ns since the run's origin, when the answer had come. */
  readonly at_ns: number;
  readonly took_ms: number;
  readonly url: string;
  /** Null when it could not be had, and why. */
  readonly figures: ServerFigures | null;
  readonly failure: string | null;
}

type Found = ReadonlyMap<string, readonly PrometheusSample[]>;

const WANTED: ReadonlySet<string> = new Set(KNOWN_SERVERS.flatMap(namesOf));

/** Reads the metrics of a server; undefined when none that we know are in the text. */
export function readServerFigures(text: string): ServerFigures | undefined {
  const found = readPrometheus(text, (name) => WANTED.has(name));
  const known = KNOWN_SERVERS.find(({ running }) => samplesAt(found, running).length > 0);
  return known && figuresOf(known, found);
}

/** A sample that a frame may hold; undefined for what is none. */
export function serverSampleOf(value: unknown): ServerSample | undefined {
  const { at_ns: atNs, url, figures } = (value ?? {}) as Partial<ServerSample>;
  const isSample =
    typeof atNs === 'number' &&
    Number.isFinite(atNs) &&
    typeof url === 'string' &&
    typeof figures === 'object';
  return isSample ? (value as ServerSample) : undefined;
}

function figuresOf(known: KnownServer, found: Found): ServerFigures {
  const sum = (places: Places | undefined) => sumOf(samplesAt(found, places));
  const most = (places: Places | undefined) => mostOf(samplesAt(found, places));
  const ratio = (part: Places | undefined, whole: Places | undefined) => {
    const [sumOfPart, count] = [sum(part), sum(whole)];
    return sumOfPart === null || count === null ? null : { sum: sumOfPart, count };
  };
  const total = (name: string | { readonly sum: string; readonly count: string } | undefined) => {
    if (name === undefined) return null;
    const parts = typeof name === 'string' ? { sum: `${name}_sum`, count: `${name}_count` } : name;
    return ratio([parts.sum], [parts.count]);
  };
  return {
    server: known.server,
    running: sum(known.running),
    waiting: sum(known.waiting),
    kv_use: most(known.kvUse),
    prefix_share: most(known.prefixShare),
    acceptance: most(known.acceptance),
    preemptions: sum(known.preemptions),
    prefix: ratio(known.prefixHits, known.prefixQueries),
    speculation: ratio(known.accepted, known.drafted),
    ttft: total(known.ttft),
    queue: total(known.queue),
    compute: total(known.compute),
    ttft_buckets: known.ttft === undefined ? [] : bucketsOf(found.get(`${known.ttft}_bucket`) ?? []),
  };
}

/** Several engines or models of a server have a histogram each, of the same buckets. */
function bucketsOf(samples: readonly PrometheusSample[]): ServerFigures['ttft_buckets'] {
  const counts = new Map<number, number>();
  for (const { labels, value } of samples) {
    const end = labels.le === '+Inf' ? Infinity : Number(labels.le);
    counts.set(end, (counts.get(end) ?? 0) + value);
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([end, count]) => [end === Infinity ? null : end, count] as const);
}

function samplesAt(found: Found, places: Places = []): readonly PrometheusSample[] {
  for (const place of places) {
    const [, name = place, label, wanted] = /^(.*)\{(\w+)=(.*)\}$/.exec(place) ?? [];
    const samples =
      found.get(name)?.filter(({ labels }) => label === undefined || labels[label] === wanted) ?? [];
    if (samples.length > 0) return samples;
  }
  return [];
}

function sumOf(samples: readonly PrometheusSample[]): number | null {
  const values = samples.map(({ value }) => value).filter(Number.isFinite);
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
}

function mostOf(samples: readonly PrometheusSample[]): number | null {
  const values = samples.map(({ value }) => value).filter(Number.isFinite);
  return values.length === 0 ? null : Math.max(...values);
}

function namesOf(known: KnownServer): readonly string[] {
  const { server: _, ttft, queue, compute, ...places } = known;
  const histograms = [ttft, queue, compute].flatMap((name) =>
    typeof name === 'string'
      ? ['bucket', 'sum', 'count'].map((end) => `${name}_${end}`)
      : name
        ? Object.values(name)
        : [],
  );
  const plain = Object.values(places)
    .flat()
    .map((place) => place.replace(/\{.*/, ''));
  return [...plain, ...histograms];
}
