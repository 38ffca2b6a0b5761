import { InferometerError } from '../../core/errors.ts';
import type { Json } from '../../metrics/snapshot.ts';
import type { PhaseResult } from '../../session/session.ts';
import type { Frame } from '../../transport/frame.ts';
import { jsonFrame, jsonOfFrame } from './run-header.ts';

/**
 * Content of an `account` frame: what the engine itself counted in a phase, so that whoever folds the events can tell whether it has all of
 * them. The frame follows the last event of the phase.
 */
export interface PhaseAccount {
  readonly phase: string;
  readonly measured: boolean;
  /** Drawn from the plan; the engine sent each of them or gave it up. */
  readonly tickets: number;
  readonly sent: number;
  readonly not_sent: number;
  readonly ended_by: PhaseResult['endedBy'];
}

/** The account of a phase as an unsealed frame. */
export function accountFrame({ name, kind, tickets, sent, notSent, endedBy }: PhaseResult): Uint8Array {
  return jsonFrame({
    phase: name,
    measured: kind === 'performance',
    tickets,
    sent,
    not_sent: notSent,
    ended_by: endedBy,
  } satisfies PhaseAccount);
}

/** The account in a frame. Throws `INFEROMETER_RUNLOG_CONTENT` (input) for a frame that holds none. */
export function accountOfFrame(frame: Frame): PhaseAccount {
  const account = jsonOfFrame(frame) as Partial<PhaseAccount> | null;
  const counts = [account?.tickets, account?.sent, account?.not_sent];
  if (
    typeof account?.measured === 'boolean' &&
    counts.every((count) => Number.isSafeInteger(count) && count! >= 0)
  )
    return account as PhaseAccount;
  throw new InferometerError(
    'INFEROMETER_RUNLOG_CONTENT',
    'input',
    'found an account of a phase without its counts',
  );
}

/** The accounts of the performance phases together. */
export class EngineAccount {
  #tickets = 0;
  #sent = 0;
  #notSent = 0;
  #isLimited = false;
  #phases = 0;

  fold(account: PhaseAccount): void {
    if (!account.measured) return;
    this.#phases += 1;
    this.#tickets += account.tickets;
    this.#sent += account.sent;
    this.#notSent += account.not_sent;
    this.#isLimited ||= account.ended_by === 'limit';
  }

  /** Null before the first performance phase was over. */
  summary(): Json {
    if (this.#phases === 0) return null;
    return {
      phases: this.#phases,
      tickets: this.#tickets,
      sent: this.#sent,
      not_sent: this.#notSent,
      sample_limit_reached: this.#isLimited,
    };
  }
}
