import { visibleLine } from './visible-text.ts';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** Where diagnostic lines go. Given to whatever may need to speak; never global. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warning', 'error'];

/** A log that hands `level: message` lines of at least `threshold` to `write`; a message may quote anything and is made visible. */
export function createLog(write: (line: string, level: LogLevel) => void, threshold: LogLevel = 'info'): Log {
  const lowest = LEVELS.indexOf(threshold);
  const at = (level: LogLevel) => (message: string) => {
    if (LEVELS.indexOf(level) >= lowest) write(`${level}: ${visibleLine(message)}`, level);
  };
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

export const SILENT_LOG: Log = createLog(() => undefined);
