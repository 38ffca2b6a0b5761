import { expect, test } from 'vitest';
import {
  attackWithFolders,
  hostileFolderRound,
  TRAP_KINDS,
  TRAP_PLACES,
  type TrapKind,
  type TrapPlace,
} from './hostile-folder.ts';
import type { AttackReader } from './readers.ts';

const READERS: readonly AttackReader[] = ['report', 'serve', 'watch', 'compare', 'samples', 'events', 'plot'];
/** What writes; drawing the page takes as long as all the others together. */
const WRITERS: readonly AttackReader[] = ['report', 'page', 'samples', 'events', 'plot'];
const WRITTEN_THROUGH: readonly TrapKind[] = ['link to a file', 'link to nothing', 'pipe', 'folder'];

const isFolder = (place: TrapPlace) => ['metrics', 'performance', 'plots'].includes(place);
const isTemporary = (place: TrapPlace) => /\.(tmp|part|raw)$/.test(place);
const isRead = (place: TrapPlace) => place !== 'run.log' && !isFolder(place) && !isTemporary(place);

test.each([
  ['the log', (place: TrapPlace) => place === 'run.log', TRAP_KINDS, READERS],
  ['the folders', isFolder, TRAP_KINDS, READERS],
  ['all other files', isRead, TRAP_KINDS, READERS],
  ['temporary names', isTemporary, WRITTEN_THROUGH, WRITERS],
] as const)('traps in the place of %s harm no reader', async (_what, isPlace, kinds, readers) => {
  const trapSets = kinds.map((kind) => TRAP_PLACES.filter(isPlace).map((place) => ({ place, kind })));
  expect(await attackWithFolders(trapSets, readers)).toEqual([]);
});

test('nor do traps anywhere', async () => {
  expect(await hostileFolderRound(1, 4)).toEqual([]);
});
