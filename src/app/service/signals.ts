import { EXIT_CODES } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface ServiceSignals {
  /** A launcher started the service, and decides itself when a Ctrl-C ends it. */
  readonly isLaunched: boolean;
  /** Told of the first signal to end; a second one ends the process at once. */
  readonly onEnd: () => void;
  readonly log: Log;
}

/** Listens to signals; returns a function that ends this. */
export function onServiceSignals({ isLaunched, onEnd, log }: ServiceSignals): () => void {
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isLaunched && signal === 'SIGINT') {
      log.info('SIGINT is ignored: the session of whoever started this service ends it');
      return;
    }
    signals += 1;
    if (signals > 1) process.exit(EXIT_CODES.interrupted);
    log.warning(`${signal}: ending with what has arrived`);
    onEnd();
  };
  for (const signal of END_SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of END_SIGNALS) process.off(signal, onSignal);
  };
}
