import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RandomSource } from '../../src/core/random.ts';
import { HOSTILE_TEXT, SOUND_RUN, writeRun } from './attack-run.ts';
import { ATTACK_READERS, type AttackReader, readFolders, type ReaderOutcome } from './readers.ts';

/** Files of a run folder, and the names that a program which writes there might take for its temporary files. */
export const TRAP_PLACES = [
  ...['run.log', 'run.json', 'config.yaml', 'report.txt', 'report.html', 'events.jsonl', 'samples.csv'],
  ...['metrics/final_snapshot.json', 'performance/result_summary.json', 'plots/errors.svg'],
  ...['metrics', 'performance', 'plots'],
  ...['report.txt.tmp', 'report.html.tmp', 'performance/result_summary.json.tmp', 'plots/errors.svg.tmp'],
  ...['samples.csv.tmp', 'events.jsonl.part', 'ttft_ns.raw', 'sample_latency_ns.raw'],
] as const;
export type TrapPlace = (typeof TRAP_PLACES)[number];

/** What is put there. */
export const TRAP_KINDS = [
  ...['link to a file', 'link to a folder', 'link to nothing', 'link to a device', 'link to itself'],
  ...['pipe', 'socket', 'folder', 'sparse file', 'empty file', 'noise', 'deep nesting'],
] as const;
export type TrapKind = (typeof TRAP_KINDS)[number];

export interface Trap {
  readonly place: TrapPlace;
  readonly kind: TrapKind;
}

/** In files outside of the run folder: no reader may ever show it. */
const SECRET = 'a-secret-of-the-user';
const SPARSE_BYTES = 2 ** 40;
const NESTING = 200_000;

/** A run folder with traps, and beside it what they are to reach. */
export class HostileFolder {
  readonly #home = mkdtempSync(join(tmpdir(), 'inferometer-hostile-'));
  readonly path = join(this.#home, 'runs', 'run');
  readonly outside = join(this.#home, 'outside');

  /** `isHostileText`: the log holds what a terminal obeys, too. */
  constructor(isHostileText: boolean) {
    writeRun(this.path, isHostileText ? { text: HOSTILE_TEXT, tokenizer: join(this.outside, 'secret') } : {});
    writeRun(join(this.#home, 'runs', SOUND_RUN));
    mkdirSync(join(this.outside, 'folder'), { recursive: true });
    writeFileSync(join(this.outside, 'secret'), `key: ${SECRET}\n`);
    writeFileSync(join(this.outside, 'folder', 'final_snapshot.json'), SECRET);
    writeFileSync(join(this.outside, 'folder', 'result_summary.json'), JSON.stringify({ key: SECRET }));
  }

  async plant({ place, kind }: Trap): Promise<void> {
    const path = join(this.path, place);
    // Another trap may be in the place of its folder.
    const parent = lstatSync(dirname(path), { throwIfNoEntry: false });
    if (parent !== undefined && !parent.isDirectory()) return;
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    switch (kind) {
      case 'link to a file':
        return symlinkSync(join(this.outside, 'secret'), path);
      case 'link to a folder':
        return symlinkSync(join(this.outside, 'folder'), path);
      case 'link to nothing':
        return symlinkSync(join(this.outside, 'made'), path);
      case 'link to a device':
        return symlinkSync('/dev/zero', path);
      case 'link to itself':
        return symlinkSync(path, path);
      case 'pipe':
        return void execFileSync('mkfifo', [path]);
      case 'socket':
        return leaveSocket(path);
      case 'folder':
        return void mkdirSync(path);
      case 'sparse file':
        writeFileSync(path, '');
        return truncateSync(path, SPARSE_BYTES);
      case 'empty file':
        return writeFileSync(path, '');
      case 'noise':
        return writeFileSync(
          path,
          Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251),
        );
      case 'deep nesting':
        return writeFileSync(path, '['.repeat(NESTING));
    }
  }

  /** Everything outside of the run folder, for {@link breaches}. */
  outsideNow(): string {
    return JSON.stringify(filesBelow(this.outside));
  }

  remove(): void {
    rmSync(this.#home, { recursive: true });
  }
}

/** Plants the traps, each set in a folder of its own, lets all readers at them and tells what went wrong. */
export async function attackWithFolders(
  trapSets: readonly (readonly Trap[])[],
  readers: readonly AttackReader[] = ATTACK_READERS,
): Promise<readonly string[]> {
  const hostile: { readonly folder: HostileFolder; readonly before: string; readonly name: string }[] = [];
  try {
    for (const [i, traps] of trapSets.entries()) {
      const folder = new HostileFolder(i % 2 === 1);
      for (const trap of traps) await folder.plant(trap);
      const name = traps.map(({ place, kind }) => `${kind} at ${place}`).join(' and ');
      hostile.push({ folder, before: folder.outsideNow(), name });
    }
    const outcomes = await readFolders(
      hostile.map(({ folder }) => folder.path),
      readers,
    );
    return hostile.flatMap(({ folder, before, name }) => {
      const own = outcomes.filter(({ path }) => path === folder.path);
      return [
        ...own.flatMap((outcome) => wrongIn(outcome).map((what) => `${name}: ${outcome.reader} ${what}`)),
        // A reader that hung took those behind it along.
        ...(own.length < readers.length && !outcomes.some(({ kind }) => kind === 'hung')
          ? [`${name}: the readers died after ${own.length} of ${readers.length}`]
          : []),
        ...(folder.outsideNow() === before
          ? []
          : [`${name}: something outside of the run folder was changed`]),
      ];
    });
  } finally {
    for (const { folder } of hostile) folder.remove();
  }
}

/** One seeded round: what failed, with the traps that made it. */
export function hostileFolderRound(seed: number, folders = 8): Promise<readonly string[]> {
  const random = new RandomSource(seed);
  const pick = <T>(list: readonly T[]) => list[random.below(list.length)]!;
  const trapSets = Array.from({ length: folders }, () =>
    Array.from({ length: 1 + random.below(3) }, () => ({
      place: pick(TRAP_PLACES),
      kind: pick(TRAP_KINDS),
    })),
  );
  return attackWithFolders(trapSets);
}

function wrongIn(outcome: ReaderOutcome): string[] {
  if (outcome.kind === 'hung') return ['hangs'];
  if (outcome.kind === 'begun') return [];
  // What serve tells is JSON.
  const shown = [outcome.reader === 'serve' ? '' : outcome.text, ...outcome.log].join('\n');
  const told = [shown, outcome.text, outcome.kind === 'read' ? outcome.exported : ''].join('\n');
  return [
    ...(outcome.kind === 'refused' && outcome.code === null ? [`fails with ${outcome.text}`] : []),
    ...(told.includes(SECRET) ? ['tells a secret'] : []),
    ...(actsOnTerminal(shown) ? ['lets a control character through'] : []),
  ];
}

/** Line breaks apart, which are ours. */
function actsOnTerminal(text: string): boolean {
  return /[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(text);
}

/** Names, sizes and contents. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return `${name} ${statSync(path).isFile() ? readFileSync(path, 'latin1') : ''}`;
    });
}

/** A socket whose owner is gone, as one that is killed leaves it. */
async function leaveSocket(path: string): Promise<void> {
  // A path of a socket is short.
  const near = join('/tmp', `s${process.pid}-${Math.floor(performance.now() * 1000)}`);
  const script = `require('net').createServer().listen(${JSON.stringify(near)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'close');
  renameSync(near, path);
}
