/**
 * Entry of the process that looks at the metrics of servers; messages to and from the run in messages.ts. SIGINT is ignored: a Ctrl-C reaches the whole process
 * group, and the run itself decides when it is over. It stands back behind the load.
 */
import module from 'node:module';

module.enableCompileCache();
process.on('SIGINT', () => undefined);
const [{ serveScraper }, { standBack }] = await Promise.all([
  import('./scraper-host.ts'),
  import('../machine/stand-back.ts'),
]);
standBack();
serveScraper(process);
