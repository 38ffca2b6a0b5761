import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_FOLDER } from '../../core/program-files.ts';

interface BuildFacts {
  readonly version: string;
  /** The commit that the build was made of, `-dirty` when files differed from it; null outside a repository. */
  readonly gitSha: string | null;
}

/** scripts/build.mjs puts it here; the sources have none. */
declare const __BUILD_FACTS__: BuildFacts | undefined;

let known: BuildFacts | undefined;

/** Version of the program. */
export function programVersion(): string {
  return buildFacts().version;
}

/** The commit that the program was built from, `-dirty` when files differed from it; null where that is not known. */
export function programGitSha(): string | null {
  return buildFacts().gitSha;
}

/** Read once: later there may be no file left to open. */
function buildFacts(): BuildFacts {
  known ??= typeof __BUILD_FACTS__ === 'undefined' ? factsOfSources() : __BUILD_FACTS__;
  return known;
}

function factsOfSources(): BuildFacts {
  const text = readFileSync(join(PACKAGE_FOLDER, 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return { version, gitSha: null };
}
