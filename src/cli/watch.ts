import type { Command } from 'commander';
import { newestRun } from '../app/run-folder/newest-run.ts';
import { RunDirectory } from '../app/run-folder/run-directory.ts';
import { replayLive } from '../app/views/replay-live.ts';
import { standBack } from '../app/machine/stand-back.ts';
import { isSnapshotAddress, watchRun, type WatchEnd, type WatchOptions } from '../app/views/watch-run.ts';
import { parseDecimal } from '../config/units.ts';
import { EXIT_CODES, InferometerError } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { snapshotJsonText } from '../metrics/snapshot-json.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { flagError } from './flag-values.ts';
import { canDraw } from './terminal.ts';
import { viewKeyOf } from './view-flags.ts';
import { DashboardWatch, PlainWatch, type WatchView } from './watch-view.ts';

interface WatchFlags {
  readonly key?: string;
  readonly replay?: boolean;
  readonly speed?: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** Where runs are when nobody says otherwise. */
const RUNS_PATH = 'runs';
/** Slower, nobody waits for it; faster, it is over at once anyway. */
const SLOWEST = 0.01;
const FASTEST = 1_000_000;

export function watchCommand(finish: (exitCode: number) => void): Command {
  return createCommand('watch', COMMANDS.watch, [
    'inferometer watch                                  # the newest run under way, else the newest',
    'inferometer watch runs/20261124T110000Z-1a2b3c',
    'inferometer watch tcp://10.0.0.5:5600 --key 3f…    # a run on another machine, see run --view-address',
    'inferometer watch --replay --speed 10 runs/20261124T110000Z-1a2b3c',
    'inferometer watch --once --json | jq .metrics',
    'inferometer watch | tee progress.txt               # without a terminal: a line a second',
  ])
    .argument(
      '[run]',
      `run directory, or address of --view-address (default: the newest run under way in ${RUNS_PATH}/, else the newest)`,
    )
    .option('--key <key>', 'key for an address that requires one (INFEROMETER_VIEW_KEY)')
    .option('--replay', 'play back a finished run from its run log')
    .option('--speed <factor>', 'playback speed factor, with --replay', '1')
    .option('--once', 'print the current state of the run and exit')
    .option('--json', 'with --once: the whole snapshot as JSON, as in metrics/final_snapshot.json')
    .action(async (run: string | undefined, flags: WatchFlags) => finish(await watch(run, flags)));
}

async function watch(run: string | undefined, flags: WatchFlags): Promise<number> {
  standBack();
  const target = run ?? (await newestRun(RUNS_PATH))?.path;
  if (target === undefined) {
    throw new InferometerError(
      'INFEROMETER_RUN_MISSING',
      'input',
      `no run in ${RUNS_PATH}/; give a run directory`,
    );
  }
  const leaving = new AbortController();
  process.once('SIGINT', () => leaving.abort());
  process.once('SIGTERM', () => leaving.abort());
  process.once('SIGHUP', () => leaving.abort());
  const follow = followerOf(target, flags);
  if (flags.once === true) return printOnce(follow, target, flags.json === true, leaving);
  if (flags.json === true) throw flagError('--json', 'no --once', 'both together');
  const { stdin, stdout, stderr } = process;
  const view: WatchView = canDraw(stdout)
    ? await DashboardWatch.open(stdout, stdin, { title: target, isReplay: flags.replay === true }, () =>
        leaving.abort(),
      )
    : new PlainWatch(stdout, stderr);
  let hasShown = false;
  try {
    const end = await follow({
      onSnapshot: (snapshot) => {
        hasShown = true;
        view.show(snapshot);
      },
      log: createLog((line) => view.note(line), 'warning'),
      signal: leaving.signal,
    });
    if (end === 'gone' && !hasShown) throw runGone(target);
    if (end === 'gone') view.note(goneText(target));
  } finally {
    view.close();
  }
  return EXIT_CODES.ok;
}

type Follower = (options: WatchOptions) => Promise<WatchEnd>;

function followerOf(target: string, { key, replay = false, speed = '1' }: WatchFlags): Follower {
  const factor = parseDecimal(speed) ?? NaN;
  if (!(factor >= SLOWEST && factor <= FASTEST)) {
    throw flagError('--speed', speed, `a number from ${SLOWEST} to ${FASTEST}`);
  }
  if (!replay) {
    const viewKey = viewKeyOf(key, process.env);
    return (options) => watchRun(target, { ...options, key: viewKey });
  }
  const directory = RunDirectory.open(target);
  directory.requireEvents('play');
  return (options) => replayLive(directory, { ...options, speed: factor });
}

/** The first snapshot that comes. */
async function printOnce(
  follow: Follower,
  target: string,
  asJson: boolean,
  leaving: AbortController,
): Promise<number> {
  const { stdout, stderr } = process;
  let first: MetricsSnapshot | undefined;
  const end = await follow({
    onSnapshot: (snapshot) => {
      first ??= snapshot;
      leaving.abort();
    },
    log: createLog((line) => stderr.write(`${line}\n`), 'warning'),
    signal: leaving.signal,
  });
  if (first !== undefined) {
    if (asJson) stdout.write(snapshotJsonText(first));
    else new PlainWatch(stdout, stderr).show(first);
    return EXIT_CODES.ok;
  }
  if (end === 'gone') throw runGone(target);
  return EXIT_CODES.interrupted;
}

function runGone(target: string): InferometerError {
  return new InferometerError('INFEROMETER_RUN_GONE', 'result', goneText(target));
}

function goneText(target: string): string {
  if (isSnapshotAddress(target))
    return 'the run is gone, or out of reach, and its last snapshot did not come';
  return `the run is gone without a final snapshot; its log tells: inferometer report ${target}`;
}
