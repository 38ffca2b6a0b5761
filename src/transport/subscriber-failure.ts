import { InferometerError } from '../core/errors.ts';

/** The error of a second `start`. */
export function startedTwice(): InferometerError {
  return new InferometerError(
    'INFEROMETER_TRANSPORT_STARTED',
    'internal',
    'subscriber started twice; start it once and close it',
  );
}

/** Where failures go that nobody asked for: ends the process as an uncaught exception does. */
export function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
