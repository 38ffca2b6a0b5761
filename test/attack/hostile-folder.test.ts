import { expect, test } from 'vitest';
import { attackWithFolders, hostileFolderRound, TRAP_KINDS, TRAP_PLACES } from './hostile-folder.ts';

const FOLDERS: readonly string[] = ['metrics', 'performance', 'plots'];
const GROUPS = [
  ['the log', ['run.log']],
  ['the folders', TRAP_PLACES.filter((place) => FOLDERS.includes(place))],
  ['temporary names', TRAP_PLACES.filter((place) => /\.(tmp|part|raw)$/.test(place))],
  [
    'all other files',
    TRAP_PLACES.filter(
      (place) => place !== 'run.log' && !FOLDERS.includes(place) && !/\.(tmp|part|raw)$/.test(place),
    ),
  ],
] as const;

test.each(GROUPS)('traps in the place of %s harm no reader', async (_what, places) => {
  const trapSets = TRAP_KINDS.map((kind) => places.map((place) => ({ place, kind })));
  expect(await attackWithFolders(trapSets)).toEqual([]);
});

test('nor do traps anywhere', async () => {
  expect(await hostileFolderRound(1)).toEqual([]);
});
