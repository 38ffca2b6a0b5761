/**
 * Entry of the process of an event bus; messages to and from the run in messages.ts.
 *
 * SIGINT is ignored: a Ctrl-C reaches the whole process group, and the run itself decides when it is over. It stands back behind the load:
 * the log keeps what it has not read yet.
 */
import module from 'node:module';

module.enableCompileCache();
process.on('SIGINT', () => undefined);
const [{ serveEventBus }, { standBack }] = await Promise.all([
  import('./event-bus-host.ts'),
  import('../machine/stand-back.ts'),
]);
standBack();
serveEventBus(process);
