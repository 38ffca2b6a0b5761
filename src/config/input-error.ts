import { InferometerError } from '../core/errors.ts';

/** Settings that can't be used, as told to whoever gave them. */
export function inputError(message: string): InferometerError {
  return new InferometerError('INFEROMETER_CONFIG_INVALID', 'input', message);
}
