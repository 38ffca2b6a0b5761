// Runs every check of the repository in turn and closes with one line, `N passed, N failed[, N skipped]`: tests and
// golden cases are counted one by one, each other check (types, lint, format, build) as one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const vitestReport = '.cache/vitest.json';
const totals = { passed: 0, failed: 0, skipped: 0 };

function run(name, command, args, capture = false) {
  console.log(`\n── ${name}`);
  const startedMs = Date.now();
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (capture) process.stdout.write(result.stdout);
  console.log(
    `── ${name}: ${result.status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`,
  );
  return result;
}

function check(name, command, args) {
  totals[run(name, command, args).status === 0 ? 'passed' : 'failed'] += 1;
}

check('types', 'tsc', ['--noEmit', '-p', '.']);
check('types of the page', 'tsc', ['--noEmit', '-p', 'tsconfig.page.json']);
check('lint', 'eslint', ['.']);
check('format', 'prettier', ['--check', '--log-level', 'warn', '.']);
check('build', 'npm', ['run', '--silent', 'build']);

const golden = run('golden data', 'node', ['test/oracle-suites/main.ts'], true);
const counted = /(\d+) passed, (\d+) failed\s*$/.exec(golden.stdout);
totals.passed += Number(counted?.[1] ?? 0);
totals.failed += counted === null || golden.status !== 0 ? Math.max(1, Number(counted?.[2] ?? 0)) : 0;

// Beside the tests its writing holds up the disk for seconds; a failure is that of the test which needs it.
run('llama.cpp for a test', 'node', ['test/e2e/llama/install.main.ts']);

mkdirSync(new URL('../.cache', import.meta.url), { recursive: true });
rmSync(new URL(`../${vitestReport}`, import.meta.url), { force: true });
const tests = run('tests', 'vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${vitestReport}`,
]);
try {
  const report = JSON.parse(readFileSync(new URL(`../${vitestReport}`, import.meta.url), 'utf8'));
  totals.passed += report.numPassedTests;
  totals.failed += report.numFailedTests;
  totals.skipped += report.numPendingTests + (report.numTodoTests ?? 0);
  // A file that cannot be loaded fails without a failed test.
  if (tests.status !== 0 && report.numFailedTests === 0) totals.failed += 1;
  if (report.numTotalTests === 0) totals.failed += 1;
} catch (error) {
  console.error(`error: no test report: ${error.message}`);
  totals.failed += 1;
}

const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`\n${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
