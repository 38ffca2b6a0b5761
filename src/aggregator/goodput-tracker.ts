import type { GoodputFacts, GoodputPart } from '../core/goodput.ts';
import { type GoodFigure, type GoodRule, isGood } from '../rules/good-rule.ts';
import type { ThroughputRecorder } from '../stats/throughput-recorder.ts';
import type { GroupFigures, SampleGroup } from './group-tracker.ts';
import type { SampleTable } from './sample-table.ts';
import type { TokenListener } from './token-metrics.ts';

type Part = { -readonly [K in keyof GoodputPart]: GoodputPart[K] };

/**
 * Counts the samples that keep a rule. A sample is good once it has succeeded and all its figures are known and keep their limits; where our
 * tokenizer counts its tokens, that is later. One that came in a single chunk has no time between tokens, so it keeps any limit for that.
 *
 * Costs about 0.5 µs a sample and 520 KB; nothing for each chunk.
 */
export class GoodputTracker {
  readonly rule: GoodRule;
  readonly #table: SampleTable;
  readonly #throughput: ThroughputRecorder;
  readonly #parts = new Map<GroupFigures | string, Part>();
  /** What stands for the good samples, and for their tokens, in the throughput. */
  readonly #goodSamples = {};
  readonly #goodTokens = {};
  #ended = 0;
  #good = 0;

  constructor(rule: GoodRule, table: SampleTable, throughput: ThroughputRecorder) {
    this.rule = rule;
    this.#table = table;
    this.#throughput = throughput;
  }

  /** A sample has ended by itself; its row is still there. Who is returned wants to know of its tokens. */
  onEnded(
    slot: number,
    completeNs: number,
    hasSucceeded: boolean,
    group: SampleGroup,
    turn: string | undefined,
  ): TokenListener {
    const parts = [...group.map((figures) => this.#partOf(figures)), ...this.#turnOf(turn)];
    this.#ended += 1;
    for (const part of parts) part.ended += 1;
    const { issuedNs, dueNs, recvFirstNs, chunks } = this.#table;
    const [issued, due, first] = [issuedNs[slot]!, dueNs[slot]!, recvFirstNs[slot]!];
    return new EndedSample(
      {
        ttftNs: first - issued,
        latencyNs: completeNs - issued,
        responseTtftNs: first - due,
        responseLatencyNs: completeNs - due,
        tpotNs: chunks[slot] === 1 ? 0 : NaN,
        outputTokens: NaN,
      },
      {
        isGood: (figures) => hasSucceeded && isGood(this.rule, figures),
        onGood: () => this.#onGood(completeNs, parts),
        onGoodTokens: (firstNs, lastNs, count) =>
          this.#throughput.onGroupTokens(this.#goodTokens, firstNs, lastNs, count),
      },
    );
  }

  facts(): GoodputFacts {
    const rateOf = this.#throughput.groupRates();
    return {
      ...{ rule: this.rule.text, ended: this.#ended, good: this.#good },
      good_per_second: rateOf(this.#goodSamples) ?? null,
      output_tokens_per_second: rateOf(this.#goodTokens) ?? null,
      parts: [...this.#parts.values()]
        .map((part) => ({ ...part }))
        .sort((a, b) => compare(a.dimension, b.dimension) || compare(a.name, b.name)),
    };
  }

  #onGood(completeNs: number, parts: readonly Part[]): void {
    this.#good += 1;
    for (const part of parts) part.good += 1;
    this.#throughput.onGroupTokens(this.#goodSamples, completeNs, completeNs, 1);
  }

  #partOf(figures: GroupFigures): Part {
    return this.#part(figures, figures.dimension, figures.name);
  }

  #turnOf(turn: string | undefined): readonly Part[] {
    return turn === undefined ? [] : [this.#part(turn, 'turn', turn)];
  }

  #part(key: GroupFigures | string, dimension: string, name: string): Part {
    let part = this.#parts.get(key);
    if (part === undefined) {
      part = { dimension, name, ended: 0, good: 0 };
      this.#parts.set(key, part);
    }
    return part;
  }
}

interface GoodnessSink {
  readonly isGood: (figures: Readonly<Record<GoodFigure, number>>) => boolean;
  /** Told once. */
  readonly onGood: () => void;
  /** Of a good sample. */
  readonly onGoodTokens: (firstNs: number, lastNs: number, count: number) => void;
}

/** A sample that has ended, until all is known of it. */
class EndedSample implements TokenListener {
  readonly #figures: Record<GoodFigure, number>;
  readonly #sink: GoodnessSink;
  #isGood = false;
  #tokens: readonly [firstNs: number, lastNs: number, count: number] | undefined;

  constructor(figures: Record<GoodFigure, number>, sink: GoodnessSink) {
    this.#figures = figures;
    this.#sink = sink;
    this.#settle();
  }

  onTpot(nsPerToken: number): void {
    this.#figures.tpotNs = nsPerToken;
    this.#settle();
  }

  onTokens(firstNs: number, lastNs: number, count: number): void {
    this.#figures.outputTokens = count;
    this.#tokens = [firstNs, lastNs, count];
    if (this.#isGood) this.#sink.onGoodTokens(firstNs, lastNs, count);
    else this.#settle();
  }

  #settle(): void {
    if (this.#isGood || !this.#sink.isGood(this.#figures)) return;
    this.#isGood = true;
    this.#sink.onGood();
    if (this.#tokens !== undefined) this.#sink.onGoodTokens(...this.#tokens);
  }
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
