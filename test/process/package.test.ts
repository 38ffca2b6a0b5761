import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageFacts from '../../package.json' with { type: 'json' };
import { WENT_THROUGH, Workbench } from './program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const OLDEST_NODE = packageFacts.engines.node.replace('>=', '') + '.0';
const INSTALL = [
  'install',
  '--ignore-scripts',
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

const execute = promisify(execFile);
const bench = new Workbench();
/** A folder in which only the package was installed, as `npm pack` makes it. */
const folder = bench.file('elsewhere');
const installed = (path: string) => join(folder, 'node_modules', path);

beforeAll(async () => {
  mkdirSync(folder);
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', bench.path];
  const { stdout } = await execute('npm', pack, { cwd: ROOT });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await execute('npm', [...INSTALL, bench.file(stdout.trim())], { cwd: folder });
});
afterAll(() => bench.end());

/** The oldest Node that the package says it runs on, from npm, kept in an ignored folder. */
async function oldestNode(): Promise<string> {
  const place = join(ROOT, '.cache', `node-${OLDEST_NODE}`);
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(place, 'node_modules', name, 'bin/node');
  if (!existsSync(path)) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), '{ "private": true }\n');
    await execute('npm', [...INSTALL, '--no-save', `${name}@${OLDEST_NODE}`], { cwd: place });
  }
  return path;
}

/** Runs a command in the folder, with that Node as the one on the PATH. */
const run = (node: string, command: string, ...args: readonly string[]) =>
  execute(command, args, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
  });

describe('the package', () => {
  it.each([
    ['the Node of this checkout', () => Promise.resolve(process.execPath)],
    ['the oldest Node it runs on', oldestNode],
  ])('runs elsewhere on %s', async (_, nodePath) => {
    const node = await nodePath();
    const { stdout } = await run(node, 'npx', '--no-install', 'inferometer', '--version');
    expect(stdout).toBe(`${packageFacts.version}\n`);
    const demo = run(node, installed('.bin/inferometer'), 'demo', '--duration', '1s');
    const report = await demo.catch((error: { code: number; stdout: string }) => error);
    expect('code' in report ? report.code : 0).toBeOneOf([...WENT_THROUGH]);
    const [path = ''] = /runs\/\S+(?=\/report)/.exec(report.stdout)!;
    expect(readFileSync(join(folder, path, 'report.html'), 'utf8')).toContain('<svg');
    const summary = readFileSync(join(folder, path, 'performance/result_summary.json'), 'utf8');
    expect(JSON.parse(summary)).toHaveProperty('git_sha', expect.stringMatching(/^[0-9a-f]{40}(-dirty)?$/));
  });

  it('holds what it needs and nothing else', () => {
    const files = globSync('**', { cwd: installed('inferometer'), withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const text = (path: string) => readFileSync(path, 'utf8');
    expect(files.filter((path) => /\.(map|ts)$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((path) => path.endsWith('.js') && text(path).includes('sourceMappingURL'))).toEqual(
      [],
    );
    const megabytes = files.reduce((sum, path) => sum + readFileSync(path).length, 0) / 1e6;
    expect(megabytes).toBeLessThan(8);
    // What its modules import is there: its own files, modules of Node, dependencies, and what ink takes when it is installed.
    const imports =
      /^(?:import|export)\s[^;'"]*?["']([^."'][^"']*)["'];?$|\bimport\(["']([^."'][^"']*)["']\)/gm;
    const imported = files
      .filter((path) => path.endsWith('.js') && !/\/(web|charts)\//.test(path))
      .flatMap((path) => [
        ...text(path)
          .replaceAll(/\/\*[^]*?\*\//g, '')
          .matchAll(imports),
      ])
      .map(([, fixed, onDemand]) => (fixed ?? onDemand)!)
      .filter((name) => !name.startsWith('node:') && !isBuiltin(name));
    const allowed = [...Object.keys(packageFacts.dependencies), 'react-devtools-core'];
    expect(new Set(imported)).toEqual(new Set(allowed));
  });

  it('lists the licenses of the packages in it', () => {
    const licenses = readFileSync(installed('inferometer/dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['zod', 'commander', 'echarts', 'zrender', 'react', 'yoga-layout'])
      expect(licenses).toMatch(new RegExp(`^  ${name} \\d\\S* \\((MIT|Apache-2.0|BSD-3-Clause)\\)$`, 'm'));
    expect(licenses).toContain('Permission is hereby granted');
  });

  it('has a README whose links lead somewhere wherever it is read', () => {
    const readme = readFileSync(installed('inferometer/README.md'), 'utf8');
    expect(readme.match(/\]\([^)]*\)/), 'a link that is not at the end').toBeNull();
    const links = [...readme.matchAll(/^\[[\w-]+\]: (.*)$/gm)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(20);
    for (const link of links) {
      const path = /\/inferometer\/(?:blob\/)?main\/([^#]+)/.exec(link)?.[1];
      expect(path, link).toBeDefined();
      expect(existsSync(join(ROOT, path!)), link).toBe(true);
    }
  });
});
