import { countedText } from '../core/quantity-text.ts';
import { datasetError, shown } from '../dataset/row.ts';
import type { PrefixBlocks } from './conversation.ts';
import type { Fields } from './fields.ts';
import type { Notes } from './notes.ts';

/** How a format counts the tokens that its block ids stand for. */
export interface BlockRules {
  /** Tokens of a full block. */
  readonly blockTokens: number;
  /** The last tokens of a prompt that fill no block have an id too. Else they have none, and ids stand for full blocks only. */
  readonly isLastPartial: boolean;
}

/** Reads the block ids of one file, and watches that each keeps its size. */
export class BlockReader {
  readonly #rules: BlockRules;
  readonly #notes: Notes;
  readonly #sizes = new Map<number | string, number>();

  constructor(rules: BlockRules, notes: Notes) {
    this.#rules = rules;
    this.#notes = notes;
  }

  /**
   * The blocks of a prompt of `inputTokens`, or null for a row without ids. Fewer ids than blocks leave fresh tokens behind the last. Throws
   * `INFEROMETER_DATASET_INVALID` for ids that the prompt has no tokens for, and for what is no id.
   */
  read(fields: Fields, name: string, inputTokens: number): PrefixBlocks | null {
    const ids = fields.listOr(name);
    if (ids.length === 0) return null;
    for (const id of ids) {
      const isId = typeof id === 'string' ? id !== '' : Number.isSafeInteger(id) && (id as number) >= 0;
      if (!isId) {
        throw datasetError(
          `${fields.place()}: ${name}`,
          `must hold block ids: whole numbers from 0 up, or texts (got ${shown(id)})`,
        );
      }
    }
    const { blockTokens, isLastPartial } = this.#rules;
    const room = isLastPartial ? Math.ceil(inputTokens / blockTokens) : Math.floor(inputTokens / blockTokens);
    if (ids.length > room) {
      throw datasetError(
        `${fields.place()}: ${name}`,
        `names ${countedText(ids.length, 'block')} of ${blockTokens} tokens, but ${countedText(inputTokens, 'input token')} fill at most ${room}`,
      );
    }
    const lastBlockTokens = Math.min(blockTokens, inputTokens - (ids.length - 1) * blockTokens);
    const known = ids as readonly (number | string)[];
    for (const [index, id] of known.entries()) {
      this.#watchSize(id, index === known.length - 1 ? lastBlockTokens : blockTokens, fields);
    }
    return {
      blockTokens,
      ids: known,
      lastBlockTokens,
      tokensAfterLastBlock: inputTokens - (ids.length - 1) * blockTokens - lastBlockTokens,
    };
  }

  #watchSize(id: number | string, tokens: number, fields: Fields): void {
    const before = this.#sizes.get(id) ?? tokens;
    this.#sizes.set(id, Math.max(before, tokens));
    if (before !== tokens) {
      this.#notes.add(
        fields.place(),
        'a block id stands for blocks of two sizes; the shorter one is the beginning of the longer',
        `id ${id}: ${Math.min(before, tokens)} and ${Math.max(before, tokens)} tokens`,
      );
    }
  }
}

/** Counts how many leading blocks of each prompt an earlier one began with as well. */
export class SeenBlocks {
  /** Every prefix that was seen, by its ids. */
  readonly #root = new SeenNode();

  /** To be called in the order of the prompts. */
  add({ ids }: PrefixBlocks): number {
    let seen = 0;
    let node = this.#root;
    for (const id of ids) {
      const next = node.get(id);
      if (next !== undefined) seen += 1;
      node = next ?? node.add(id);
    }
    return seen;
  }
}

/** What followed a prefix. Most prefixes are followed by one block or none, and a map for each would take ten times the memory. */
class SeenNode {
  #onlyId: number | string | undefined;
  #only: SeenNode | undefined;
  #others: Map<number | string, SeenNode> | undefined;

  get(id: number | string): SeenNode | undefined {
    return this.#onlyId === id ? this.#only : this.#others?.get(id);
  }

  add(id: number | string): SeenNode {
    const node = new SeenNode();
    if (this.#only === undefined) {
      this.#onlyId = id;
      this.#only = node;
    } else {
      this.#others ??= new Map();
      this.#others.set(id, node);
    }
    return node;
  }
}
