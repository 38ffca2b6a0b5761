import { countedText } from '../../core/quantity-text.ts';
import type { SampleCounts } from '../../engine/worker-pool.ts';
import type { AbortRule } from '../../rules/abort-rule.ts';
import { figureText, keepsLimit } from '../../rules/limit.ts';

/** Of fewer samples, a share of errors says nothing. */
export const FEWEST_ENDED = 10;

interface Look {
  readonly ms: number;
  readonly ended: number;
  readonly errored: number;
}

/** Watches a load from its counts, a few times a second, and tells once when one of its rules is broken. */
export class AbortWatch {
  readonly #rules: readonly AbortRule[];
  readonly #onBroken: (reason: string) => void;
  /** The oldest ones that a rule still needs come first. */
  readonly #looks: Look[] = [];
  /** Since when a rule has been broken without a break, by rule. */
  readonly #brokenSinceMs = new Map<AbortRule, number>();
  #isOver = false;

  constructor(rules: readonly AbortRule[], onBroken: (reason: string) => void) {
    this.#rules = rules;
    this.#onBroken = onBroken;
  }

  /** @param nowMs any monotonic clock. */
  look(counts: SampleCounts, nowMs: number): void {
    if (this.#isOver || this.#rules.length === 0) return;
    const { succeeded, errored } = counts;
    this.#looks.push({ ms: nowMs, ended: succeeded + errored, errored });
    this.#forget(nowMs);
    for (const rule of this.#rules) {
      const found = rule.figure === 'errors' ? this.#errors(rule, nowMs) : this.#level(rule, counts, nowMs);
      if (found === undefined) continue;
      this.#isOver = true;
      this.#onBroken(`${rule.text}: ${found}`);
      return;
    }
  }

  /** Of the samples that ended within the time of the rule, once there was so much time. */
  #errors({ forMs, limit, unit }: AbortRule, nowMs: number): string | undefined {
    const from = this.#looks.findLast(({ ms }) => ms <= nowMs - forMs);
    if (from === undefined) return undefined;
    const now = this.#looks.at(-1)!;
    const ended = now.ended - from.ended;
    const share = (now.errored - from.errored) / ended;
    if (ended < FEWEST_ENDED || !keepsLimit(share, limit)) return undefined;
    return `${figureText(share, unit)} of ${countedText(ended, 'sample')} failed`;
  }

  #level(rule: AbortRule, counts: SampleCounts, nowMs: number): string | undefined {
    const { figure, limit, forMs, unit } = rule;
    const value = figure === 'inFlight' ? counts.inFlight : counts.waiting;
    if (!keepsLimit(value, limit)) {
      this.#brokenSinceMs.delete(rule);
      return undefined;
    }
    const sinceMs = this.#brokenSinceMs.get(rule) ?? nowMs;
    this.#brokenSinceMs.set(rule, sinceMs);
    return nowMs - sinceMs >= forMs ? `there were ${figureText(value, unit)}` : undefined;
  }

  /** Keeps one look that is older than any rule needs, so that the longest time is covered. */
  #forget(nowMs: number): void {
    const longestMs = Math.max(...this.#rules.map(({ forMs }) => forMs));
    while (this.#looks.length > 1 && this.#looks[1]!.ms <= nowMs - longestMs) this.#looks.shift();
  }
}
