import type { LogLevel } from '../../core/log.ts';
import type { EventWire } from './wires.ts';

/** What the process of an event bus is to do. */
export interface EventBusOptions {
  readonly logPath: string;
  readonly wire: EventWire;
  /** To bind at. */
  readonly address: string;
  /** Where the socket behind a TCP address is made. */
  readonly socketDirectory: string;
}

/** From a run to the process of its event bus. */
export type ToEventBus =
  | ({ readonly kind: 'open' } & EventBusOptions)
  /** The run is over, and so many frames are in its log. */
  | { readonly kind: 'end'; readonly frames: number };

/** From the process of an event bus to its run. */
export type FromEventBus =
  | { readonly kind: 'opened'; readonly address: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string };
