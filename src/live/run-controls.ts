/** How a run is being steered at the moment. */
export interface ControlState {
  readonly isPaused: boolean;
  readonly isStopping: boolean;
  /** Of the phase under way: the rate asked for in open loop, else null. */
  readonly ratePerSecond: number | null;
  /** Of the phase under way: the concurrency asked for in closed loop, else null. */
  readonly concurrency: number | null;
}

/**
 * What a person may do to a run while it goes on. Each call is written to the run log as a mark, so that every later plot
 * shows it; a call that makes no sense at the moment (no phase under way, a rate in closed loop) returns false and does nothing.
 */
export interface RunControls {
  readonly state: ControlState;
  /** Issues nothing until {@link resume}; the plan's time stands still meanwhile, so nothing becomes due or late. */
  pause(): boolean;
  resume(): boolean;
  /** Open loop: arrivals a second from now on. */
  setRate(ratePerSecond: number): boolean;
  /** Closed loop: samples in flight from now on. */
  setConcurrency(concurrency: number): boolean;
  /** A mark with a note. */
  note(text: string): boolean;
  /** Issues nothing more, drains what is in flight, reports. */
  stop(): boolean;
  /** Cancels what is in flight, reports. */
  cancel(): boolean;
}
