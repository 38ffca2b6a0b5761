import type { SeriesName } from '../core/metric-catalogue.ts';
import type { LiveUpdate } from '../live/live-update.ts';
import type { ControlState } from '../live/run-controls.ts';

/** What a line at the foot of the screen asks for. */
export type Prompt =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'load'; readonly text: string }
  | { readonly kind: 'confirm'; readonly what: 'stop' | 'cancel' };

/** A page over the middle of the screen. */
export type Page = 'run' | 'verdict' | 'help';

/** All that a dashboard shows at one moment. */
export interface DashboardContent {
  /** Which run this is: its directory or address. */
  readonly title: string;
  /** The run is over, and played again from its log. */
  readonly isReplay: boolean;
  /** Undefined before the first snapshot. */
  readonly update: LiveUpdate | undefined;
  /** How the run is being steered; undefined for one that is only watched. */
  readonly controls: ControlState | undefined;
  readonly page: Page;
  /** The series whose distribution is shown. */
  readonly selected: SeriesName;
  readonly prompt: Prompt | undefined;
  /** The latest note or warning. */
  readonly message: string | undefined;
}

export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}
