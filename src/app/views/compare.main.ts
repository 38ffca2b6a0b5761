/** Entry of the process that compares runs for the page: prints the comparison of the run folders in its arguments as JSON. */
import module from 'node:module';

module.enableCompileCache();
const { compareRunDirectories } = await import('../reports/compare-runs.ts');
const { comparisonJson } = await import('../../compare/json.ts');
const { errorText } = await import('../../core/errors.ts');
const { SILENT_LOG } = await import('../../core/log.ts');
const { standBack } = await import('../machine/stand-back.ts');

/** As the command has them unless told otherwise. */
const DEFAULTS = { margin: 0.03, confidence: 0.95 };

standBack();
try {
  process.stdout.write(
    comparisonJson(await compareRunDirectories(process.argv.slice(2), DEFAULTS, SILENT_LOG)),
  );
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = 1;
}
