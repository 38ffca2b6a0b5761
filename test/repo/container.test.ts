import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('the container image', () => {
  it('is built from the same files by podman and docker, which read different lists', () => {
    expect(text('Containerfile.dockerignore')).toBe(text('.containerignore'));
  });

  it('is told the commit, as its build has no repository', () => {
    expect(text('Containerfile')).toMatch(/^ARG GIT_SHA\nRUN INFEROMETER_GIT_SHA="\$GIT_SHA" npm run build/m);
    const module = pathToFileURL(join(ROOT, 'scripts/git-sha.mjs')).href;
    const script = `import { gitSha } from '${module}'; console.log(gitSha('/'))`;
    const sha = (given: string) =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        env: { ...process.env, INFEROMETER_GIT_SHA: given },
      }).trim();
    expect(sha('0123abc')).toBe('0123abc');
    expect(sha('')).toBe('null');
  });
});
