import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** A checkout of another revision in `.cache`, with its dependencies and its build. Made once for each revision. */
export function otherCheckout(revision: string): string {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const commit = git('rev-parse', '--verify', `${revision}^{commit}`);
  const path = resolve(root, `.cache/bench/with/${commit.slice(0, 12)}`);
  if (!existsSync(path)) git('worktree', 'add', '--detach', '--force', path, commit);
  installDependencies(path);
  buildCheckout(path);
  return path;
}

/** What `dist` is measured by: benches of the whole program run it. */
export function buildCheckout(path: string): void {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: path, stdio: 'inherit' });
}

function installDependencies(path: string): void {
  if (existsSync(resolve(path, 'node_modules'))) return;
  const lockOf = (checkout: string) => readFileSync(resolve(checkout, 'package-lock.json'), 'utf8');
  if (lockOf(path) === lockOf(root))
    symlinkSync(resolve(root, 'node_modules'), resolve(path, 'node_modules'));
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: path, stdio: 'inherit' });
}

export { root as thisCheckout };
