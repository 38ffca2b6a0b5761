import { errorText } from '../../core/errors.ts';
import type { Log, LogLevel } from '../../core/log.ts';
import { EventBus } from './event-bus.ts';
import type { EventBusOptions, FromEventBus, ToEventBus } from './messages.ts';

/** The other end of `EventBusProcess`: opens the bus and publishes the run. `run`: this process, as far as it is a channel to the run. */
export function serveEventBus(run: NodeJS.Process): void {
  const tell = (message: FromEventBus) => {
    // A run that has gone hears nothing; its going ends this process.
    if (run.connected) run.send!(message, undefined, undefined, () => undefined);
  };
  const at = (level: LogLevel) => (text: string) => tell({ kind: 'log', level, text });
  const log: Log = { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
  const allFrames = Promise.withResolvers<number>();
  const gone = Promise.withResolvers<void>();
  const open = async (options: EventBusOptions) => {
    try {
      const bus = await EventBus.open(options, log);
      tell({ kind: 'opened', address: bus.address });
      await bus.publish({ allFrames: allFrames.promise, gone: gone.promise });
    } catch (error) {
      tell({ kind: 'failed', message: errorText(error) });
    }
    // What waits for subscribers leaves within the linger of the socket, for which the process stays.
    if (run.connected) run.disconnect();
  };
  run.on('message', (message: ToEventBus) => {
    if (message.kind === 'open') void open(message);
    else allFrames.resolve(message.frames);
  });
  run.once('disconnect', () => gone.resolve());
}
