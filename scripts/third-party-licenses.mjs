import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENSE_FILE = /^(licen[cs]e|copying|notice)([-.].*)?$/i;

/** The licenses of the packages that the build has gathered, from their folders in node_modules. */
export class ThirdPartyLicenses {
  #folders = new Set();

  /** `modules`: paths of what was gathered, ours included. */
  add(modules) {
    for (const path of modules) {
      const folder = packageFolder(path);
      if (folder !== undefined) this.#folders.add(folder);
    }
  }

  /** Throws when a package tells no license: then it must not be gathered. */
  text() {
    // npm installs some of them several times.
    const read = new Map([...this.#folders].map(readPackage).map((found) => [found.title, found]));
    const packages = [...read.values()].sort((a, b) => (a.title < b.title ? -1 : 1));
    const line = '-'.repeat(80);
    return [
      'Inferometer contains these packages:',
      '',
      ...packages.map(({ title, license }) => `  ${title} (${license})`),
      ...packages.flatMap(({ title, license, texts }) => ['', line, `${title} (${license})`, '', ...texts]),
      '',
    ].join('\n');
  }
}

/** The folder of the package a module is in; none for our own modules. */
function packageFolder(module) {
  const path = module.replace(/^\0/, '').replace(/\?.*$/, '');
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
  return found !== undefined && existsSync(join(found, 'package.json')) ? found : undefined;
}

function readPackage(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${folder}: package.json tells no license`);
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length === 0) texts.push(`Copyright: ${author?.name ?? author ?? `the authors of ${name}`}`);
  return { title: `${name} ${version}`, license, texts };
}
