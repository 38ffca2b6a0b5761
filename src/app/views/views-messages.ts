import type { ErrorKind } from '../../core/errors.ts';
import type { LogLevel } from '../../core/log.ts';
import type { ControlState } from '../../live/run-controls.ts';
import type { ControlAction, ControlOutcome } from '../../web/control-actions.ts';
import type { WebOptions } from './serve-views.ts';

/** From a run to the process of its views. */
export type ToViews =
  | {
      readonly kind: 'open';
      readonly web: WebOptions | undefined;
      readonly otlpUrl: string | undefined;
      readonly mayControl: boolean;
    }
  /** The run has its directory. */
  | { readonly kind: 'follow'; readonly runPath: string }
  | ({ readonly kind: 'answer' } & ControlReply)
  /** The run is over: show its last state and end. */
  | { readonly kind: 'close' };

/** From the process of a run's views to the run. */
export type FromViews =
  | { readonly kind: 'opened' }
  | {
      readonly kind: 'failed';
      readonly error: {
        readonly code: `INFEROMETER_${string}`;
        readonly kind: ErrorKind;
        readonly message: string;
      };
    }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | ({ readonly kind: 'ask' } & ControlRequest);

/** Something a viewer wants done, or known when there is no action. */
export interface ControlRequest {
  readonly id: number;
  readonly action: ControlAction | null;
  /** As the viewer sent it. */
  readonly body: string;
}

export interface ControlReply {
  readonly id: number;
  readonly outcome: ControlOutcome;
  readonly state: ControlState | null;
}
