// Puts the built program, the Node of this checkout and the packages with native parts for this platform into one folder that runs by itself: what the single file
// and the container image hold. As a command: node scripts/program-folder.mjs FOLDER
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join, resolve, sep } from 'node:path';

const root = join(import.meta.dirname, '..');
const modules = join(root, 'node_modules');

/** Of a package of another platform there is nothing, and of types and maps no use. */
const isUseful = (path) =>
  !/\.(map|ts|mts|tsbuildinfo)$/.test(path) && !/[\\/](src|script|nodeAPIInclude)$/.test(path);

/** Throws when the program was not built. */
export function writeProgramFolder(folder) {
  if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('dist is missing; run: npm run build');
  mkdirSync(folder, { recursive: true });
  cpSync(join(modules, 'node/bin/node'), join(folder, 'node'));
  for (const name of ['dist', 'package.json', 'LICENSE']) {
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: isUseful });
  }
  const builds = join(modules, 'zeromq/build');
  const isOfPlatform = (path) => {
    const [os, cpu] = path.slice(builds.length + 1).split(sep);
    return (
      !path.startsWith(`${builds}${sep}`) ||
      os === 'manifest.json' ||
      (os === platform() && [undefined, arch()].includes(cpu))
    );
  };
  const copyPackage = (name, filter = () => true) =>
    cpSync(join(modules, name), join(folder, 'node_modules', name), {
      recursive: true,
      filter: (path) => isUseful(path) && filter(path),
    });
  copyPackage('zeromq', isOfPlatform);
  for (const name of ['package.json', 'LICENSE', 'LICENSE.md', 'build/loader.js', 'build/loader.mjs']) {
    const from = join(modules, 'cmake-ts', name);
    if (existsSync(from)) cpSync(from, join(folder, 'node_modules/cmake-ts', name));
  }
  copyPackage('@resvg');
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined)
    throw new Error('give the folder to write: node scripts/program-folder.mjs FOLDER');
  writeProgramFolder(resolve(folder));
}
