import { isRowValues } from '../../dataset/row.ts';
import type { PlannedTurn } from '../../workload/dataset/planned-turns.ts';

const SYSTEM_ROLES: readonly unknown[] = ['system', 'developer'];

/** The system messages of a conversation's threads: what the first turn of each says, or those of the thread it goes on from. */
export class ThreadSystems {
  readonly #byThread = new Map<number, readonly unknown[]>();

  /** The messages of a turn behind the system messages of its thread. To be called for each turn, in order. */
  with(
    { thread, position, forkOf }: Pick<PlannedTurn, 'thread' | 'position' | 'forkOf'>,
    messages: readonly unknown[],
  ): readonly unknown[] {
    const isSystem = (message: unknown) => isRowValues(message) && SYSTEM_ROLES.includes(message.role);
    const own = messages.filter(isSystem);
    const inherited = forkOf === undefined || position > 0 ? undefined : this.#byThread.get(forkOf);
    const known = this.#byThread.get(thread) ?? inherited ?? [];
    const systems = [...known, ...own];
    this.#byThread.set(thread, systems);
    return [...systems, ...messages.filter((message) => !isSystem(message))];
  }
}
