import { quantileOfSorted } from '../stats/quantile.ts';
import { SeenBlocks } from './blocks.ts';
import { type Conversation, type Turn, withChildren } from './conversation.ts';

/** The spread of one figure over the turns, or the conversations, that have it. */
export interface Spread {
  readonly count: number;
  readonly total: number;
  readonly least: number;
  readonly median: number;
  /** Hazen, as everywhere. */
  readonly p90: number;
  readonly most: number;
}

/** What a workload is made of. Figures that no turn has are null. */
export interface WorkloadSummary {
  readonly conversations: number;
  /** Conversations that others start. */
  readonly children: number;
  readonly turns: number;
  readonly histories: Readonly<Record<Conversation['history'], number>>;
  /** Turns that were recorded as failed, and are not sent. */
  readonly failed: number;
  readonly turnsPerConversation: Spread | null;
  readonly inputTokens: Spread | null;
  readonly outputTokens: Spread | null;
  /** Characters of the messages that a turn holds. */
  readonly promptCharacters: Spread | null;
  readonly delayMs: Spread | null;
  /** From the first due time to the last, ms. */
  readonly spanMs: number | null;
  /** Tokens in leading blocks that an earlier prompt began with, of the tokens of all prompts with blocks; null without blocks. */
  readonly sharedTokens: { readonly shared: number; readonly all: number } | null;
  readonly models: readonly string[];
}

const MOST_MODELS = 20;

/** Adds up conversations in the order of the file; takes a number of 8 bytes for each figure of each turn. */
export class WorkloadTally {
  readonly #shared = new SeenBlocks();
  readonly #histories = { none: 0, live: 0, recorded: 0 };
  readonly #models = new Set<string>();
  readonly #turns: number[] = [];
  readonly #input: number[] = [];
  readonly #output: number[] = [];
  readonly #characters: number[] = [];
  readonly #delays: number[] = [];
  #conversations = 0;
  #children = 0;
  #failed = 0;
  #firstMs = Infinity;
  #lastMs = -Infinity;
  #sharedTokens = 0;
  #blockTokens = 0;

  add(conversation: Conversation): void {
    this.#conversations += 1;
    this.#histories[conversation.history] += 1;
    const seen = conversation.hasOwnBlocks === true ? new SeenBlocks() : this.#shared;
    for (const one of withChildren(conversation)) {
      if (one !== conversation) this.#children += 1;
      this.#turns.push(one.turns.length);
      for (const turn of one.turns) this.#addTurn(turn, seen);
    }
  }

  #addTurn(turn: Turn, seen: SeenBlocks): void {
    if (turn.recorded?.hasFailed === true) this.#failed += 1;
    if (turn.inputTokens !== null) this.#input.push(turn.inputTokens);
    if (turn.outputTokens !== null) this.#output.push(turn.outputTokens);
    if (turn.delayMs !== null && turn.waitsFor.length > 0) this.#delays.push(turn.delayMs);
    const characters = charactersOf(turn);
    if (characters !== null) this.#characters.push(characters);
    if (turn.dueMs !== null) {
      this.#firstMs = Math.min(this.#firstMs, turn.dueMs);
      this.#lastMs = Math.max(this.#lastMs, turn.dueMs);
    }
    if (turn.model !== null && this.#models.size < MOST_MODELS) this.#models.add(turn.model);
    const { blocks } = turn;
    if (blocks === null) return;
    const count = seen.add(blocks);
    const isWhole = count === blocks.ids.length;
    this.#sharedTokens +=
      (count - (isWhole ? 1 : 0)) * blocks.blockTokens + (isWhole ? blocks.lastBlockTokens : 0);
    this.#blockTokens += turn.inputTokens ?? 0;
  }

  summary(): WorkloadSummary {
    return {
      conversations: this.#conversations,
      children: this.#children,
      turns: this.#turns.reduce((sum, count) => sum + count, 0),
      histories: this.#histories,
      failed: this.#failed,
      turnsPerConversation: spreadOf(this.#turns),
      inputTokens: spreadOf(this.#input),
      outputTokens: spreadOf(this.#output),
      promptCharacters: spreadOf(this.#characters),
      delayMs: spreadOf(this.#delays),
      spanMs: this.#lastMs < this.#firstMs ? null : this.#lastMs - this.#firstMs,
      sharedTokens: this.#blockTokens === 0 ? null : { shared: this.#sharedTokens, all: this.#blockTokens },
      models: [...this.#models].sort(),
    };
  }
}

/** Of the texts alone: what is around them depends on the API. */
function charactersOf({ messages, payload }: Turn): number | null {
  const list = messages ?? (Array.isArray(payload?.messages) ? (payload.messages as Turn['messages']) : null);
  if (list === null) return typeof payload?.prompt === 'string' ? payload.prompt.length : null;
  return list.reduce((sum, { content }) => sum + textLength(content), 0);
}

function textLength(content: unknown): number {
  if (typeof content === 'string') return content.length;
  if (Array.isArray(content)) return content.reduce((sum: number, part) => sum + textLength(part), 0);
  if (typeof content === 'object' && content !== null && 'text' in content) return textLength(content.text);
  return 0;
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return {
    count: sorted.length,
    total: sorted.reduce((sum, value) => sum + value, 0),
    least: sorted[0]!,
    median: quantileOfSorted(sorted, 50),
    p90: quantileOfSorted(sorted, 90),
    most: sorted.at(-1)!,
  };
}
