/** Length of a bin at first: fine enough for a run of 100 ms. */
const FIRST_BIN_NS = 2 ** 14;

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

/** Something beyond the last bin, and how to tell it again. */
interface Later {
  readonly timeNs: number;
  readonly ended: 'succeeded' | 'failed' | undefined;
  readonly tell: () => void;
}

/**
 * What flows through a server, in bins of equal length from an origin: so samples may be told in any order, and what came between two
 * edges is known without keeping each. Levels (samples in flight, tokens a nanosecond) are kept as their changes and the moments of
 * these, which makes their integral between two edges exact.
 *
 * {@link reach} makes room by doubling the bins; what is told beyond is kept aside until then, so that a late straggler makes no bin
 * coarser. Memory 64 bytes a bin and some for each straggler; telling a sample costs some 50 ns.
 */
export class FlowBins {
  readonly #maxBins: number;
  readonly #originNs: number;
  readonly #succeeded: Float64Array;
  readonly #ended: Float64Array;
  readonly #endedLatencyNs: Float64Array;
  /** Changes of a level, and each times the moment at which it came, since the origin. */
  readonly #inFlight: Float64Array;
  readonly #inFlightMoment: Float64Array;
  readonly #tokens: Float64Array;
  readonly #tokensPerNs: Float64Array;
  readonly #tokensPerNsMoment: Float64Array;
  readonly #columns: readonly Float64Array[];
  #binNs = FIRST_BIN_NS;
  #later: Later[] = [];

  /** `maxBins` is even. */
  constructor(originNs: number, maxBins: number) {
    this.#originNs = originNs;
    this.#maxBins = maxBins;
    const columns: Float64Array[] = [];
    const column = () => columns[columns.push(new Float64Array(maxBins)) - 1]!;
    this.#succeeded = column();
    this.#ended = column();
    this.#endedLatencyNs = column();
    this.#inFlight = column();
    this.#inFlightMoment = column();
    this.#tokens = column();
    this.#tokensPerNs = column();
    this.#tokensPerNsMoment = column();
    this.#columns = columns;
  }

  /** A moment will be within the bins. */
  reach(timeNs: number): void {
    if (timeNs - this.#originNs < this.#maxBins * this.#binNs) return;
    do this.#coarsen();
    while (timeNs - this.#originNs >= this.#maxBins * this.#binNs);
    this.#tellLater();
  }

  get binNs(): number {
    return this.#binNs;
  }

  /** Makes room as {@link reach} does, until bins have a length that others of the same origin reached. */
  coarsenTo(binNs: number): void {
    if (this.#binNs >= binNs) return;
    while (this.#binNs < binNs) this.#coarsen();
    this.#tellLater();
  }

  #tellLater(): void {
    const later = this.#later;
    this.#later = [];
    for (const { tell } of later) tell();
  }

  /** A sample begins. @hot */
  begin(timeNs: number): void {
    const bin = this.#placeOf(timeNs);
    if (bin >= this.#maxBins) {
      this.#later.push({ timeNs, ended: undefined, tell: () => this.begin(timeNs) });
      return;
    }
    this.#inFlight[bin]! += 1;
    this.#inFlightMoment[bin]! += timeNs - this.#originNs;
  }

  /** A sample that had begun ends; `latencyNs` undefined: it was cancelled. @hot */
  end(timeNs: number, succeeded: boolean, latencyNs: number | undefined): void {
    const bin = this.#placeOf(timeNs);
    if (bin >= this.#maxBins) {
      const ended = latencyNs === undefined ? undefined : succeeded ? 'succeeded' : 'failed';
      this.#later.push({ timeNs, ended, tell: () => this.end(timeNs, succeeded, latencyNs) });
      return;
    }
    this.#inFlight[bin]! -= 1;
    this.#inFlightMoment[bin]! -= timeNs - this.#originNs;
    if (latencyNs === undefined) return;
    this.#ended[bin]! += 1;
    this.#endedLatencyNs[bin]! += latencyNs;
    if (succeeded) this.#succeeded[bin]! += 1;
  }

  /** Tokens that came evenly between two moments, or at one. @hot */
  addTokens(fromNs: number, toNs: number, count: number): void {
    if (!(toNs > fromNs)) {
      this.#addTokensAt(toNs, count);
      return;
    }
    const perNs = count / (toNs - fromNs);
    this.#addTokenRate(fromNs, perNs);
    this.#addTokenRate(toNs, -perNs);
  }

  /** The bin of a moment; bin i begins at edge i. */
  binOf(timeNs: number): number {
    return Math.min(this.#maxBins - 1, this.#placeOf(timeNs));
  }

  /** When an edge is, on the clock of what was told. */
  edgeNs(edge: number): number {
    return this.#originNs + edge * this.#binNs;
  }

  /** What came from one edge to another. */
  between(from: number, to: number): Flow {
    const cameAt = sumOf(this.#tokens, from, to);
    return {
      succeeded: sumOf(this.#succeeded, from, to),
      ended: sumOf(this.#ended, from, to),
      endedLatencyNs: sumOf(this.#endedLatencyNs, from, to),
      tokens: cameAt + this.#integral(this.#tokensPerNs, this.#tokensPerNsMoment, from, to),
      inFlightNs: this.#integral(this.#inFlight, this.#inFlightMoment, from, to),
    };
  }

  /** The first edge after `from`, up to `to`, at which no fewer samples are in flight than `level`; undefined for none. */
  firstEdgeInFlight(level: number, from: number, to: number): number | undefined {
    const inFlight = this.#inFlight;
    let inFlightNow = sumOf(inFlight, 0, from);
    for (let bin = from; bin < to; bin++) {
      inFlightNow += inFlight[bin]!;
      if (inFlightNow >= level) return bin + 1;
    }
    return undefined;
  }

  /** The first edge by which so much was added up; undefined for none. */
  firstEdgeWith(column: 'succeeded' | 'ended', amount: number): number | undefined {
    const values = column === 'succeeded' ? this.#succeeded : this.#ended;
    let sum = 0;
    for (let bin = 0; bin < this.#maxBins; bin++) {
      sum += values[bin]!;
      if (sum >= amount) return bin + 1;
    }
    return undefined;
  }

  /** That much will be within the bins, if it was told. */
  reachAmount(column: 'succeeded' | 'ended', amount: number): void {
    const values = column === 'succeeded' ? this.#succeeded : this.#ended;
    const lacking = amount - sumOf(values, 0, this.#maxBins);
    if (lacking <= 0) return;
    const counts = ({ ended }: Later) => ended !== undefined && (column === 'ended' || ended === column);
    const times = this.#later.filter(counts).map(({ timeNs }) => timeNs);
    const timeNs = times.sort((a, b) => a - b)[lacking - 1];
    if (timeNs !== undefined) this.reach(timeNs);
  }

  /** Level at `from`, and each change for as long as it lasted: the integral to the edge `to`. */
  #integral(changes: Float64Array, moments: Float64Array, from: number, to: number): number {
    const fromNs = from * this.#binNs;
    const toNs = to * this.#binNs;
    return (
      sumOf(changes, 0, from) * (toNs - fromNs) + sumOf(changes, from, to) * toNs - sumOf(moments, from, to)
    );
  }

  /** The bin of a moment, which may be beyond the last. @hot */
  #placeOf(timeNs: number): number {
    const bin = Math.floor((timeNs - this.#originNs) / this.#binNs);
    return bin < 0 ? 0 : bin;
  }

  #addTokensAt(timeNs: number, count: number): void {
    const bin = this.#placeOf(timeNs);
    if (bin < this.#maxBins) this.#tokens[bin]! += count;
    else this.#later.push({ timeNs, ended: undefined, tell: () => this.#addTokensAt(timeNs, count) });
  }

  #addTokenRate(timeNs: number, perNs: number): void {
    const bin = this.#placeOf(timeNs);
    if (bin >= this.#maxBins) {
      this.#later.push({ timeNs, ended: undefined, tell: () => this.#addTokenRate(timeNs, perNs) });
      return;
    }
    this.#tokensPerNs[bin]! += perNs;
    this.#tokensPerNsMoment[bin]! += perNs * (timeNs - this.#originNs);
  }

  #coarsen(): void {
    const half = this.#maxBins / 2;
    for (const values of this.#columns) {
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
