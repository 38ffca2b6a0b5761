// Runs every check of the repository in turn and closes with one line, `N passed, N failed[, N skipped]`: tests and
// golden cases are counted one by one, each other check (types, lint, format, build) as one.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const vitestReport = '.cache/vitest.json';
const totals = { passed: 0, failed: 0, skipped: 0 };

function run(name, command, args) {
  console.log(`\n── ${name}`);
  const startedMs = Date.now();
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  tell(name, result.status, startedMs);
  return result;
}

function tell(name, status, startedMs) {
  console.log(
    `── ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`,
  );
}

/** Beside others: what it says comes when it is over. */
function runAside(name, command, args) {
  const startedMs = Date.now();
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  return new Promise((resolve) => {
    child.on('error', (error) => (output += `${error.message}\n`));
    child.on('close', (status) => {
      console.log(`\n── ${name}`);
      process.stdout.write(output);
      tell(name, status, startedMs);
      resolve({ status, output });
    });
  });
}

async function check(name, command, args) {
  totals[(await runAside(name, command, args)).status === 0 ? 'passed' : 'failed'] += 1;
}

const [golden] = await Promise.all([
  runAside('golden data', 'node', ['test/oracle-suites/main.ts']),
  check('lint', 'eslint', ['.']),
  check('types', 'tsc', ['--noEmit', '-p', '.']),
  check('types of the page', 'tsc', ['--noEmit', '-p', 'tsconfig.page.json']),
  check('format', 'prettier', ['--check', '--log-level', 'warn', '.']),
]);
const counted = /(\d+) passed, (\d+) failed\s*$/.exec(golden.output);
totals.passed += Number(counted?.[1] ?? 0);
totals.failed += counted === null || golden.status !== 0 ? Math.max(1, Number(counted?.[2] ?? 0)) : 0;
totals[run('build', 'npm', ['run', '--silent', 'build']).status === 0 ? 'passed' : 'failed'] += 1;

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
