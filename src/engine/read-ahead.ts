import { Worker } from 'node:worker_threads';
import { entryModule } from '../core/program-files.ts';
import type { SharedArena } from '../dataset/arena.ts';
import type { SharedTurnTable } from '../dataset/turn-table.ts';
import { type PlanSegment, type SampleOrderSettings, WHOLE_PLAN } from '../plan/plan.ts';
import type { EngineSettings } from './settings.ts';

/** How far a phase has come, in memory that threads share. */
export interface PhaseProgressCounters {
  /** Of closed loop; see `createTicketCounter`. */
  readonly ticketCounter: Int32Array;
  /** `COUNTERS` of each engine thread. */
  readonly counters: readonly Int32Array[];
  /** Samples that were issued before the phase. */
  readonly samplesBefore: number;
}

/** What the thread is started with. */
export interface ReadAheadStart {
  readonly arenas: readonly SharedArena[];
  /** Where a ticket is a conversation. */
  readonly turns: SharedTurnTable | undefined;
  readonly order: SampleOrderSettings;
  readonly segment: PlanSegment;
  readonly progress: PhaseProgressCounters;
}

/**
 * Reads requests of a file in the order of a phase, before they are due: the thread that sends one then finds it in the memory of the system. In a thread
 * of its own, as a disk may take its time. Only for runs with such a file.
 */
export class ReadAhead {
  readonly #worker: Worker;

  /** Undefined for requests that are in memory. */
  static of(
    { arenas, conversations, segment }: EngineSettings,
    order: SampleOrderSettings,
    progress: PhaseProgressCounters,
  ): ReadAhead | undefined {
    const files = arenas.filter(({ fd }) => fd !== undefined);
    const turns = conversations?.turns;
    if (files.length === 0 && turns?.pieces.fd === undefined) return undefined;
    return new ReadAhead({ arenas: files, turns, order, segment: segment ?? WHOLE_PLAN, progress });
  }

  private constructor(start: ReadAheadStart) {
    this.#worker = new Worker(entryModule('engine/read-ahead.main'), {
      workerData: start,
      name: 'read-ahead',
    });
    // Without it requests are read when they are sent.
    this.#worker.on('error', () => undefined);
    this.#worker.unref();
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
