/**
 * Runs the golden data of `ORACLES_DIR` (default test/oracles): a line for each case that differs, then
 * `N passed, N failed`. Exit code 1 when any case differs.
 */
import { SUITES } from './all.ts';
import type { OracleCase, OracleSuite } from './suite.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const shownDifferences = 5;
let passed = 0;
let failed = 0;

for (const suite of SUITES) {
  const failedBefore = failed;
  const passedBefore = passed;
  const cases = casesOf(suite);
  if (cases === undefined) {
    say(`${suite.name}: not in this set`);
    continue;
  }
  for (const oracleCase of cases) {
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

/** Nothing when the set may lack the file, and does; else a file that is missing or broken is one case that differs. */
function casesOf(suite: OracleSuite): readonly OracleCase[] | undefined {
  try {
    return suite.cases();
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && suite.isOptional === true) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    return [{ name: 'reading the file', run: () => [reason] }];
  }
}

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
