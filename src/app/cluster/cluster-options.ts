import type { NatsOptions } from './nats-options.ts';

/** What agents do that hear nothing of their coordinator any more: carry the phase out, or end it. */
export const COORDINATOR_LOSS = ['finish', 'stop'] as const;
export type CoordinatorLoss = (typeof COORDINATOR_LOSS)[number];

/** A run on several load generators. */
export interface ClusterOptions {
  readonly nats: NatsOptions;
  readonly agents: number;
  /** How long to wait for that many. */
  readonly waitMs: number;
  readonly onCoordinatorLoss: CoordinatorLoss;
  /** Of the stream that keeps the events, at most. */
  readonly streamBytes: number;
}
