import type { ValueChunks } from './exact-quantiles.ts';
import type { HdrHistogram } from './hdr.ts';
import { logBucketing } from './log-buckets.ts';
import { RankedBucket } from './ranked-bucket.ts';

/** Values, and what is known of them without looking at each. */
export interface CountedValues {
  readonly chunks: ValueChunks;
  /** Counts of these very values, those beyond its bounds counted as the bounds. */
  readonly hdr: HdrHistogram;
  readonly areIntegers: boolean;
  /** The exact extremes. */
  readonly min: number;
  readonly max: number;
}

export interface ExactCounts {
  /** For each 0-based rank the value that stands there in ascending order. */
  readonly valueAtRank: ReadonlyMap<number, number>;
  /** How many values lie between each two edges: half-open, the last one closed, the outermost take all beyond. */
  readonly bucketCounts: readonly number[];
}

/**
 * Values at ranks, and counts between ascending edges (as of `logBucketEdges`), exactly, in one pass over the values.
 *
 * The histogram's counts say which of its buckets holds a rank, and how many values are in those that no edge cuts. So the
 * values of a few dozen buckets are looked at; any other costs 4 ns, to find that it is of none of these. Where values crowd so
 * much that such a bucket is too full to collect, it takes up to four passes more. Memory 4 bytes a bucket of the histogram, and
 * at most 4 MB for each of those looked at. A rank out of range is a RangeError.
 */
export function countExactly(
  values: CountedValues,
  ranks: readonly number[],
  edges: readonly number[],
): ExactCounts {
  const { hdr, chunks } = values;
  const marks = new BucketMarks(hdr.bucketCount);
  const ranked = rankedBuckets(values, ranks);
  for (const bucket of ranked) if (bucket.wantsValues) marks.of(bucket.bucket).ranked = bucket;
  const bucketOf = logBucketing(edges);
  for (const edge of edges.slice(1, -1)) {
    const bucket = hdr.bucketOf(edge);
    if (integersOf(values, bucket)?.width !== 1) marks.of(bucket).hasEdge = true;
  }

  const bucketCounts = new Array<number>(edges.length - 1).fill(0);
  hdr.forEachBucket((_, count, bucket) => {
    if (marks.find(bucket)?.hasEdge !== true) bucketCounts[bucketOf(hdr.lowestOf(bucket))]! += count;
  });
  if (marks.count > 0) look(values, marks, bucketCounts, bucketOf);
  const valueAtRank = new Map(ranked.flatMap((bucket) => [...bucket.valuesAtRanks(chunks)]));
  return { valueAtRank, bucketCounts };
}

/** Goes through all values for those in marked buckets. @hot */
function look(
  { chunks, hdr }: CountedValues,
  marks: BucketMarks,
  bucketCounts: number[],
  bucketOf: (value: number) => number,
): void {
  for (const chunk of chunks()) {
    for (let i = 0; i < chunk.length; i++) {
      const value = chunk[i]!;
      const mark = marks.find(hdr.bucketOf(value));
      if (mark === undefined) continue;
      if (mark.hasEdge) bucketCounts[bucketOf(value)]! += 1;
      mark.ranked?.take(value);
    }
  }
}

/** The buckets that hold the ranks, ascending. */
function rankedBuckets(values: CountedValues, ranks: readonly number[]): readonly RankedBucket[] {
  const { hdr } = values;
  const ascending = [...new Set(ranks)].sort((a, b) => a - b);
  for (const rank of ascending) {
    if (!(Number.isInteger(rank) && rank >= 0 && rank < hdr.count)) {
      throw new RangeError(`rank ${rank} of ${hdr.count} values`);
    }
  }
  const found: RankedBucket[] = [];
  let next = 0;
  let below = 0;
  hdr.forEachBucket((_, count, bucket) => {
    if (next < ascending.length && ascending[next]! < below + count) {
      const integers = integersOf(values, bucket);
      const ranked = new RankedBucket({ bucket, below, count, integers });
      while (next < ascending.length && ascending[next]! < below + count)
        ranked.ranks.push(ascending[next++]!);
      found.push(ranked);
    }
    below += count;
  });
  return found;
}

/** The whole numbers of a bucket; `undefined` when it may hold others, clamped ones too. */
function integersOf({ hdr, areIntegers, min, max }: CountedValues, bucket: number) {
  const lowest = hdr.lowestOf(bucket);
  const width = hdr.widthOf(bucket);
  const holdsLower = bucket === hdr.bucketOf(hdr.low) && min < lowest;
  const holdsHigher = bucket === hdr.bucketOf(hdr.high) && max >= lowest + width;
  return areIntegers && !holdsLower && !holdsHigher ? { lowest, width } : undefined;
}

/** What has to be done with the values of a bucket. */
interface Mark {
  /** Set when ranks are wanted that lie in it. */
  ranked: RankedBucket | undefined;
  /** Whether an edge lies in it, so that its values are on either side. */
  hasEdge: boolean;
}

/** Marks on a few of many buckets. */
class BucketMarks {
  /** By bucket: 0 for none, else where its mark is. */
  readonly #positions: Int32Array;
  readonly #marks: (Mark | undefined)[] = [undefined];

  constructor(bucketCount: number) {
    this.#positions = new Int32Array(bucketCount);
  }

  get count(): number {
    return this.#marks.length - 1;
  }

  /** @hot */
  find(bucket: number): Mark | undefined {
    const position = this.#positions[bucket]!;
    return position === 0 ? undefined : this.#marks[position];
  }

  /** The mark of a bucket; made when there is none. */
  of(bucket: number): Mark {
    const found = this.find(bucket);
    if (found !== undefined) return found;
    const mark: Mark = { ranked: undefined, hasEdge: false };
    this.#positions[bucket] = this.#marks.push(mark) - 1;
    return mark;
  }
}
