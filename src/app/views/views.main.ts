/**
 * Entry of the process that shows a run to other programs; messages to and from the run in views-messages.ts.
 *
 * SIGINT is ignored: a Ctrl-C reaches the whole process group, and the run itself decides when it is over.
 */
import module from 'node:module';

module.enableCompileCache();
process.on('SIGINT', () => undefined);
const { ViewsHost } = await import('./views-host.ts');
const { standBack } = await import('../machine/stand-back.ts');
standBack();
new ViewsHost(process);
