import { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { capacityCommand } from './capacity.ts';
import { createCommand } from './command-line.ts';
import { familiarFlagHints } from './familiar-flags.ts';
import { repeatCommand } from './repeat.ts';
import { sweepCommand } from './sweep.ts';

it('has no study open a browser after each of its runs', async () => {
  for (const make of [sweepCommand, capacityCommand, repeatCommand]) {
    const command = make(() => undefined);
    const flags = command.options.map(({ long }) => long);
    expect(flags).toContain('--endpoint');
    expect(flags).not.toContain('--open');
    const refused = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--open'");
    expect(
      await familiarFlagHints(refused, createCommand('inferometer', '', []), [
        'node',
        'main',
        command.name(),
        '--open',
      ]),
    ).toEqual(['--open is for a single run; open study.html in the folder of the study when it has ended']);
  }
});
