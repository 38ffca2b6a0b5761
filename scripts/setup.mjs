// Installs the dependencies when node_modules does not match the lock file, then checks that a new enough Node runs
// the scripts. Plain JavaScript without dependencies: it runs on whatever Node starts it.
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
