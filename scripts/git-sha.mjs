import { execFileSync } from 'node:child_process';

/**
 * The commit that is checked out in a folder, with `-dirty` behind it when files differ from it; null outside a repository. `INFEROMETER_GIT_SHA` says it where
 * there is no repository, as in the build of a container image.
 */
export function gitSha(folder) {
  const { INFEROMETER_GIT_SHA: given } = process.env;
  if (given !== undefined && given !== '') return given;
  try {
    const sha = git(folder, 'rev-parse', 'HEAD');
    return git(folder, 'status', '--porcelain', '--untracked-files=no') === '' ? sha : `${sha}-dirty`;
  } catch {
    return null;
  }
}

function git(folder, ...args) {
  return execFileSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
