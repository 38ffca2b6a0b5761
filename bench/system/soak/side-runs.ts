import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram, type Workspace } from '../program.ts';
import { type Check, type ConversationSummary, rebuiltReport, same } from './accounts.ts';
import { ConversationServer } from './conversation-server.ts';

/** Room for a few seconds of a small run. */
const DISK_KIB = 400;
const KILLED_AFTER_MS = 4000;
const SECONDS = 15;
const CONVERSATIONS = 40;
/** A log is written at least so often, and what was sent since is lost with the main process. */
const LOST_WITH_MAIN_MS = 500;
const INVALID = 4;

/** A short run of conversations beside the soak that cannot come to its end, and what must hold of it all the same. */
export type SideRun = (workspace: Workspace, dataset: string) => Promise<readonly Check[]>;

/** Its disk is full after some seconds: it stops and is invalid, and its report agrees. */
export const fullDiskRun: SideRun = async (workspace, dataset) => {
  const disk = workspace.freshRun();
  mkdirSync(disk);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KIB}k`, 'none', disk]);
  const isMounted = status === 0;
  const run = join(disk, 'run');
  try {
    // Where no disk can be mounted, files may not grow further instead.
    const limit = isMounted ? [] : ['sh', '-c', `ulimit -f ${DISK_KIB} && exec "$0" "$@"`];
    const { code, seen, report } = await smallRun(run, dataset, limit);
    return [
      same('full disk: exit code', code ?? NaN, INVALID),
      same('full disk: verdict of the run', outcomeOf(run).verdict, 'invalid'),
      same('full disk: verdict of its report', report.verdict.level, 'invalid'),
      ...begunAddUp('full disk', report),
      {
        what: 'full disk: samples issued, of those that the server received',
        holds: report.n_samples_issued > 0 && report.n_samples_issued <= seen,
        numbers: `${report.n_samples_issued} of ${seen}`,
      },
    ];
  } finally {
    if (isMounted) spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  }
};

/** Its main process is killed: the report tells of all but the last moment. */
export const killedRun: SideRun = async (workspace, dataset) => {
  const run = workspace.freshRun();
  const { seen, perSecond, report } = await smallRun(run, dataset, [], KILLED_AFTER_MS);
  rmSync(run, { recursive: true });
  const lost = perSecond * (LOST_WITH_MAIN_MS / 1000);
  return [
    ...begunAddUp('killed', report),
    {
      what: 'killed: samples issued, of those that the server received',
      holds: report.n_samples_issued <= seen && report.n_samples_issued >= seen - lost,
      numbers: `${report.n_samples_issued} of ${seen}`,
    },
  ];
};

function outcomeOf(run: string): { readonly verdict: string } {
  const { outcome } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as {
    readonly outcome: { readonly verdict: string };
  };
  return outcome;
}

function begunAddUp(which: string, { conversations }: ConversationSummary): readonly Check[] {
  const { begun, completed, failed, cut_off: cutOff } = conversations;
  return [
    same(`${which}: conversations begun = completed + failed + cut off`, begun, completed + failed + cutOff),
  ];
}

async function smallRun(run: string, dataset: string, through: readonly string[], killAfterMs = Infinity) {
  const server = await ConversationServer.start();
  try {
    const startedMs = performance.now();
    const child = startProgram(
      [
        ...['run', '--endpoint', server.url, '--model', 'm', '--dataset', dataset, '--multi-turn'],
        ...['--concurrency', String(CONVERSATIONS), '--duration', `${SECONDS}s`, '--streaming', 'on'],
        ...['--think-time', 'exponential:50ms', '--events-jsonl', 'off', '--out', run],
      ],
      {},
      through,
    );
    child.stdout!.resume();
    child.stderr!.resume();
    const ended = once(child, 'close') as Promise<[number | null]>;
    if (Number.isFinite(killAfterMs)) {
      await Promise.race([sleep(killAfterMs), ended]);
      child.kill('SIGKILL');
    }
    const [code] = await ended;
    const { requests: seen } = await server.counts();
    const perSecond = seen / ((performance.now() - startedMs) / 1000);
    return { code, seen, perSecond, report: rebuiltReport(run) };
  } finally {
    await server.close();
  }
}
