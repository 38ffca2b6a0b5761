// Installs the dependencies when node_modules does not match the lock file, checks that a new enough Node will run the
// scripts, builds with --build, and then runs its arguments as a command. Plain JavaScript without dependencies: it runs on whatever Node starts it.
//
// The command is started from here and not after it in a shell: a shell remembers where it found `node` before.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const stampPath = join(root, 'node_modules', '.inferometer-setup');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stampPath) || readFileSync(stampPath, 'utf8') !== wanted) {
  console.log('installing dependencies (npm ci) …');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (install.status !== 0) {
    console.error('error: npm ci failed; the lines above say why');
    process.exit(install.status ?? 1);
  }
  writeFileSync(stampPath, wanted);
}

const version = execFileSync('node', ['--version'], { cwd: root, encoding: 'utf8' }).trim();
const [major, minor] = version.slice(1).split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `error: the scripts run on Node ${version}, wanted 22.19 or newer. The devDependency "node" brings one when its install script may run: ` +
      'remove node_modules and install without --ignore-scripts.',
  );
  process.exit(3);
}

const given = process.argv.slice(2);
const buildFirst = given[0] === '--build';
const [command, ...args] = buildFirst ? given.slice(1) : given;
if (buildFirst) run('npm', ['run', '--silent', 'build']);
if (command !== undefined) run(command, args);

/** Ends with the exit code of a command that fails. */
function run(name, commandArgs) {
  const { status } = spawnSync(name, commandArgs, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
