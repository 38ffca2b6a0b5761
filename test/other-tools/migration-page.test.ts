import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../src/config/flags.ts';
import { migrationTables } from '../../src/other-tools/migration-page.ts';
import { translate } from '../../src/other-tools/translate.ts';
import { TOOLS } from '../../src/other-tools/tools.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/migration.md'), 'utf8');
const OURS = new Set([...SETTINGS.map(({ flag }) => flag), '--out']);

describe('docs/migration.md', () => {
  it('has the tables of the program', () => {
    expect(PAGE.endsWith(`\n${migrationTables()}\n`), `put there:\n${migrationTables()}`).toBe(true);
  });

  it('shows what the program prints', () => {
    const [, words, printed] = /\$ inferometer from vllm -- (.*)\n([^]*?)\n```/.exec(PAGE)!;
    const { notes, commands } = translate('vllm', [words!], { readFile: () => '' });
    expect([...notes.map((note) => `# ${note}`), ...commands.map(({ text }) => text)].join('\n')).toBe(
      printed,
    );
  });
});

describe('the tables', () => {
  const flags = TOOLS.flatMap((tool) => tool.flags.map((flag) => ({ tool, flag })));

  it('name a flag once in each tool, and say something of each', () => {
    for (const { flags: own } of TOOLS) {
      const names = own.flatMap((flag) => flag.names);
      expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    }
    const silent = flags.filter(({ flag }) => flag.here === '' && flag.note === undefined);
    // Told where it is translated: parts of a run that are left out.
    expect(silent.map(({ flag }) => flag.names[0])).toEqual(
      silent.map(({ flag }) => flag.names[0]).filter((name) => /cooldown/.test(name)),
    );
  });

  it.each(flags.filter(({ flag }) => flag.same !== undefined))(
    '$tool.name $flag.names.0 stands for a flag that is there',
    ({ flag }) => expect(OURS).toContain(flag.same!.flag),
  );

  it('name only flags that are there', () => {
    const named = flags.flatMap(({ flag }) => flag.here.match(/--[a-z][a-z-]+/g) ?? []);
    expect(named.filter((name) => !OURS.has(name as '--out'))).toEqual([]);
  });
});
