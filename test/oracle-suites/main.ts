/**
 * Runs the golden data of `ORACLES_DIR` (default test/oracles): a line for each case that differs, then
 * `N passed, N failed`. Exit code 1 when any case differs.
 */
import { SUITES } from './all.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const shownDifferences = 5;
let passed = 0;
let failed = 0;

for (const suite of SUITES) {
  const failedBefore = failed;
  const passedBefore = passed;
  for (const oracleCase of suite.cases()) {
    const lines = await differencesOf(oracleCase.run.bind(oracleCase));
    if (lines.length === 0) {
      passed += 1;
      continue;
    }
    failed += 1;
    const more = lines.length > shownDifferences ? ` (+${lines.length - shownDifferences} more)` : '';
    say(`DIFFERS ${suite.name} / ${oracleCase.name}: ${lines.slice(0, shownDifferences).join('; ')}${more}`);
  }
  say(
    `${suite.name}: ${passed - passedBefore} of ${passed - passedBefore + failed - failedBefore} cases agree`,
  );
}
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

async function differencesOf(run: () => unknown): Promise<readonly string[]> {
  try {
    return ((await run()) as readonly string[] | undefined) ?? [];
  } catch (error) {
    return [
      error instanceof Error
        ? (error.stack ?? error.message).split('\n').slice(0, 3).join(' ')
        : String(error),
    ];
  }
}
