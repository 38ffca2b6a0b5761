import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchLine } from '../../harness/bench.ts';
import { spreadOf } from '../../harness/spread.ts';
import { aggregatorPid, startProgram, type Workspace } from '../program.ts';
import { accountsOf, type Check, rebuiltAlike, rebuiltReport, same, toldReport } from './accounts.ts';
import { Chaos } from './chaos.ts';
import { ConversationServer } from './conversation-server.ts';
import { MemoryWatch } from './memory.ts';
import { fullDiskRun, killedRun, type SideRun } from './side-runs.ts';

const CONVERSATIONS = 400;
const TURNS = 6;
const THINK_TIME = 'exponential:500ms';
/** Side runs, evenly over the soak, a full disk and a kill in turn. */
const SIDE_RUNS = 10;
const SIDE_RUN_MS = 20_000;

export interface ConversationSoak {
  readonly workspace: Workspace;
  readonly minutes: number;
  /** Conversations under way at a time. */
  readonly talks: number;
  readonly say: (line: string) => void;
}

/** Conversations under chaos. Sets the exit code when something was lost. */
export async function soakConversations({ workspace, minutes, talks, say }: ConversationSoak) {
  const out = workspace.freshRun();
  const dataset = conversationsFile(workspace);
  const server = await ConversationServer.start();
  const run = startProgram([
    ...['run', '--endpoint', server.url, '--model', 'm', '--dataset', dataset, '--multi-turn'],
    ...['--streaming', 'on', '--concurrency', String(talks), '--think-time', THINK_TIME],
    ...['--duration', `${Math.round(minutes * 60)}s`, '--events-jsonl', 'off', '--out', out],
  ]);
  run.stdout!.resume();
  let errors = '';
  run.stderr!.on('data', (text: Buffer) => (errors += text.toString()));
  const ended = once(run, 'close') as Promise<[number | null]>;
  const durationMs = minutes * 60_000;
  const processes = {
    'main with engine': () => run.pid,
    aggregator: () => aggregatorPid(out),
    server: () => server.pid,
  };
  const memory = new MemoryWatch(processes, durationMs, say);
  while (aggregatorPid(out) === undefined && run.exitCode === null) await sleep(100);
  const viewer = startProgram(['watch', out]);
  viewer.stdout!.resume();
  viewer.stderr!.resume();
  const viewerEnded = once(viewer, 'close') as Promise<[number | null]>;
  const chaos = new Chaos({ run: out, mainPid: run.pid!, viewerPid: viewer.pid!, durationMs });
  const sideRuns = runBeside(workspace, dataset, durationMs);

  const [code] = await ended;
  memory.stop();
  const counts = await chaos.stop();
  const { runs, checks: sideChecks } = await sideRuns;
  const [viewerCode] = await viewerEnded;
  const seen = await server.counts();
  await server.close();

  const summary = toldReport(out);
  const { begun, completed, failed, cut_off: cutOff } = summary.conversations;
  const { frames, healed_frames: healed, aggregator_restarts: restarts } = summary.event_stream;
  say(
    `\nexit code ${code}; ${begun} conversations begun, ${completed} completed, ${failed} failed, ${cutOff} cut off; ` +
      `${summary.n_samples_issued} turns issued, ${summary.samples.errored} failed; ${frames} frames, ${healed} healed from the log`,
  );
  say(
    `chaos: the aggregator killed ${counts.kills} times and stopped ${counts.aggregatorStops} times, the load generator stopped ${counts.mainStops} times, ` +
      `the viewer ${counts.viewerStops} times; ${runs} runs beside it killed or on a full disk\n`,
  );
  const checks = [
    { what: 'the run came to its end', holds: code === 0 || code === 5, numbers: `exit code ${code}` },
    ...accountsOf(summary, seen),
    ...rebuiltAlike(summary, rebuiltReport(out)),
    same('aggregators started again = aggregators killed', restarts, counts.kills),
    same('exit code of the viewer', viewerCode ?? NaN, 0),
    same('unfinished files', unfinishedIn(out).join(', '), ''),
    ...sideChecks,
  ];
  for (const { what, holds, numbers } of checks) say(`${holds ? 'ok    ' : 'FAILED'} ${what}: ${numbers}`);
  const broken = checks.filter(({ holds }) => !holds).length;
  if (broken > 0) {
    process.exitCode = 1;
    say(`\nthe run said: ${errors}`);
  }
  say('');
  rmSync(out, { recursive: true });

  const [id, what] = ['system/soak/conversations', `${minutes} min of conversations under chaos`];
  const lines: readonly BenchLine[] = [
    ...Object.keys(processes).flatMap((name) =>
      memory.linesOf(name, { id, what, issued: summary.n_samples_issued, isJudged: name !== 'server' }),
    ),
    {
      id: `${id}/broken-accounts`,
      what: `accounts that do not add up, ${what}`,
      unit: 'accounts',
      value: spreadOf([broken]),
      isLessBetter: true,
      goal: { of: 'value', bound: 'at most', value: 0 },
      note: `${checks.length} accounts of ${summary.n_samples_issued} turns and ${begun} conversations`,
    },
  ];
  return lines;
}

/** One short run after the other, as long as there is time for another one. */
async function runBeside(workspace: Workspace, dataset: string, durationMs: number) {
  const kinds: readonly SideRun[] = [fullDiskRun, killedRun];
  const checks: Check[] = [];
  const startedMs = performance.now();
  let runs = 0;
  for (; runs < SIDE_RUNS; runs++) {
    const dueMs = startedMs + ((runs + 0.2) * durationMs) / SIDE_RUNS;
    const beginMs = Math.max(dueMs, performance.now());
    if (beginMs + SIDE_RUN_MS > startedMs + durationMs) break;
    await sleep(Math.max(0, beginMs - performance.now()));
    checks.push(...(await kinds[runs % kinds.length]!(workspace, dataset)));
  }
  return { runs, checks };
}

function unfinishedIn(run: string): readonly string[] {
  return readdirSync(run, { recursive: true })
    .map(String)
    .filter((name) => name.includes('.tmp'));
}

/** ShareGPT conversations; the recorded answers are not what the server says. */
function conversationsFile(workspace: Workspace): string {
  const path = join(workspace.path, 'conversations.jsonl');
  const lines = Array.from({ length: CONVERSATIONS }, (_, talk) => {
    const turns = Array.from({ length: TURNS }, (__, turn) => [
      { from: 'human', value: `conversation ${talk}, question ${turn}: what does it depend on?` },
      { from: 'gpt', value: 'an answer that was recorded' },
    ]);
    return `${JSON.stringify({ id: `c${talk}`, conversations: turns.flat() })}\n`;
  });
  writeFileSync(path, lines.join(''));
  return path;
}
