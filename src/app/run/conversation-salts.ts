import { sharedUint32 } from '../../core/shared-numbers.ts';
import type * as SaltingModule from '../../dataset/mlcommons-salt.ts';
import { datasetError } from '../../dataset/row.ts';
import type { RepeatSalts } from '../../engine/conversations/repeat-salted-requests.ts';
import type { PlannedTurn } from '../../workload/dataset/planned-turns.ts';
import type { BuildOptions } from './requests.ts';

type Salting = typeof SaltingModule;

/** Puts the salts of `--salt mlcommons` into turns, and keeps where they are. */
export class ConversationSalts {
  readonly #salting: Salting;
  /** Of each endpoint: where in each request the salt of the time is. */
  readonly #offsets: readonly number[][];

  constructor(salting: Salting, endpointCount: number) {
    this.#salting = salting;
    this.#offsets = Array.from({ length: endpointCount }, () => []);
  }

  /** Throws `INFEROMETER_DATASET_INVALID` (input) for a turn that does not begin with a system prompt, or repeats live responses. */
  salted(turn: PlannedTurn): PlannedTurn {
    const { row, isLive, place, conversationId = '' } = turn;
    if (isLive) {
      throw datasetError(
        place(),
        '--salt mlcommons needs turns that bring their whole history (--history recorded)',
      );
    }
    return { ...turn, row: this.#salting.withMlcommonsSalts(row, conversationId, place) };
  }

  /** To be called for each request, in order: a head of so many bytes, and the body behind it. */
  place(endpoint: number, headBytes: number, body: string): void {
    this.#offsets[endpoint]!.push(headBytes + this.#salting.mlcommonsSaltAt(body));
  }

  finish(): RepeatSalts {
    const offsets = this.#offsets.map(sharedUint32);
    return { salts: this.#salting.mlcommonsSalts(), offsets };
  }
}

/** What they are made with loads only for runs that have them. */
export async function createConversationSalts({
  heads,
}: Pick<BuildOptions, 'heads'>): Promise<ConversationSalts> {
  return new ConversationSalts(await import('../../dataset/mlcommons-salt.ts'), heads.length);
}
