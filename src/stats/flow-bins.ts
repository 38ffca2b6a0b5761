/** Length of a bin at first: fine enough for a run of 100 ms. */
const FIRST_BIN_NS = 2 ** 14;

/** What is added up in each bin. A moment is an amount times the time at which it came, since the origin. */
const COLUMNS = [
  'succeeded',
  'ended',
  'endedLatencyNs',
  'inFlight',
  'inFlightMoment',
  'tokens',
  'tokensPerNs',
  'tokensPerNsMoment',
] as const;
type Column = (typeof COLUMNS)[number];

/** What came between two edges. */
export interface Flow {
  readonly succeeded: number;
  /** By themselves: succeeded or failed, not cancelled. */
  readonly ended: number;
  /** Latencies of those, added up. */
  readonly endedLatencyNs: number;
  readonly tokens: number;
  /** Samples in flight, integrated over time. */
  readonly inFlightNs: number;
}

/** Something beyond the last bin. */
interface Later {
  readonly timeNs: number;
  readonly column: Column;
  readonly amount: number;
}

/**
 * What flows through a server, in bins of equal length from an origin: so samples may be told in any order, and what came between two
 * edges is known without keeping each. Levels (samples in flight, tokens a nanosecond) are kept as their changes and the moments of
 * these, which makes their integral between two edges exact.
 *
 * {@link reach} makes room by doubling the bins; what is told beyond is kept aside until then, so that a late straggler makes no bin
 * coarser. Memory 64 bytes a bin and some for each straggler; telling a sample costs about 20 ns.
 */
export class FlowBins {
  readonly #maxBins: number;
  readonly #originNs: number;
  readonly #columns: Readonly<Record<Column, Float64Array>>;
  #binNs = FIRST_BIN_NS;
  #later: Later[] = [];

  /** `maxBins` is even. */
  constructor(originNs: number, maxBins: number) {
    this.#originNs = originNs;
    this.#maxBins = maxBins;
    this.#columns = Object.fromEntries(
      COLUMNS.map((column) => [column, new Float64Array(maxBins)]),
    ) as Record<Column, Float64Array>;
  }

  /** A moment will be within the bins. */
  reach(timeNs: number): void {
    if (timeNs - this.#originNs < this.#maxBins * this.#binNs) return;
    do this.#coarsen();
    while (timeNs - this.#originNs >= this.#maxBins * this.#binNs);
    const later = this.#later;
    this.#later = [];
    for (const { timeNs: atNs, column, amount } of later) this.#add(atNs, column, amount);
  }

  /** A sample begins. */
  begin(timeNs: number): void {
    this.#add(timeNs, 'inFlight', 1);
    this.#add(timeNs, 'inFlightMoment', timeNs - this.#originNs);
  }

  /** A sample that had begun ends; `latencyNs` undefined: it was cancelled. */
  end(timeNs: number, succeeded: boolean, latencyNs: number | undefined): void {
    this.#add(timeNs, 'inFlight', -1);
    this.#add(timeNs, 'inFlightMoment', this.#originNs - timeNs);
    if (latencyNs === undefined) return;
    this.#add(timeNs, 'ended', 1);
    this.#add(timeNs, 'endedLatencyNs', latencyNs);
    if (succeeded) this.#add(timeNs, 'succeeded', 1);
  }

  /** Tokens that came evenly between two moments, or at one. */
  addTokens(fromNs: number, toNs: number, count: number): void {
    if (!(toNs > fromNs)) {
      this.#add(toNs, 'tokens', count);
      return;
    }
    const perNs = count / (toNs - fromNs);
    this.#add(fromNs, 'tokensPerNs', perNs);
    this.#add(fromNs, 'tokensPerNsMoment', perNs * (fromNs - this.#originNs));
    this.#add(toNs, 'tokensPerNs', -perNs);
    this.#add(toNs, 'tokensPerNsMoment', -perNs * (toNs - this.#originNs));
  }

  /** The bin of a moment; bin i begins at edge i. */
  binOf(timeNs: number): number {
    return Math.max(0, Math.min(this.#maxBins - 1, Math.floor((timeNs - this.#originNs) / this.#binNs)));
  }

  /** When an edge is, on the clock of what was told. */
  edgeNs(edge: number): number {
    return this.#originNs + edge * this.#binNs;
  }

  /** What came from one edge to another. */
  between(from: number, to: number): Flow {
    const { succeeded, ended, endedLatencyNs, tokens } = this.#columns;
    return {
      succeeded: sumOf(succeeded, from, to),
      ended: sumOf(ended, from, to),
      endedLatencyNs: sumOf(endedLatencyNs, from, to),
      tokens: sumOf(tokens, from, to) + this.#integral('tokensPerNs', 'tokensPerNsMoment', from, to),
      inFlightNs: this.#integral('inFlight', 'inFlightMoment', from, to),
    };
  }

  /** The first edge after `from`, up to `to`, at which no fewer samples are in flight than `level`; undefined for none. */
  firstEdgeInFlight(level: number, from: number, to: number): number | undefined {
    const { inFlight } = this.#columns;
    let inFlightNow = sumOf(inFlight, 0, from);
    for (let bin = from; bin < to; bin++) {
      inFlightNow += inFlight[bin]!;
      if (inFlightNow >= level) return bin + 1;
    }
    return undefined;
  }

  /** The first edge by which so much was added up; undefined for none. */
  firstEdgeWith(column: 'succeeded' | 'ended', amount: number): number | undefined {
    const values = this.#columns[column];
    let sum = 0;
    for (let bin = 0; bin < this.#maxBins; bin++) {
      sum += values[bin]!;
      if (sum >= amount) return bin + 1;
    }
    return undefined;
  }

  /** That much will be within the bins, if it was told. */
  reachAmount(column: 'succeeded' | 'ended', amount: number): void {
    const lacking = amount - sumOf(this.#columns[column], 0, this.#maxBins);
    if (lacking <= 0) return;
    const times = this.#later.filter((later) => later.column === column).map(({ timeNs }) => timeNs);
    const timeNs = times.sort((a, b) => a - b)[lacking - 1];
    if (timeNs !== undefined) this.reach(timeNs);
  }

  /** Level at `from`, and each change for as long as it lasted: the integral to the edge `to`. */
  #integral(level: Column, moment: Column, from: number, to: number): number {
    const changes = this.#columns[level];
    const fromNs = from * this.#binNs;
    const toNs = to * this.#binNs;
    return (
      sumOf(changes, 0, from) * (toNs - fromNs) +
      sumOf(changes, from, to) * toNs -
      sumOf(this.#columns[moment], from, to)
    );
  }

  #add(timeNs: number, column: Column, amount: number): void {
    const bin = Math.floor((timeNs - this.#originNs) / this.#binNs);
    if (bin >= this.#maxBins) this.#later.push({ timeNs, column, amount });
    else this.#columns[column][bin < 0 ? 0 : bin]! += amount;
  }

  #coarsen(): void {
    const half = this.#maxBins / 2;
    for (const column of COLUMNS) {
      const values = this.#columns[column];
      for (let bin = 0; bin < half; bin++) values[bin] = values[2 * bin]! + values[2 * bin + 1]!;
      values.fill(0, half);
    }
    this.#binNs *= 2;
  }
}

function sumOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum += values[at]!;
  return sum;
}
