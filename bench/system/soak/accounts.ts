import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPLETENESS_CHECKS } from '../../../src/report/verdict/completeness-checks.ts';
import { PROGRAM, type RunSummary } from '../program.ts';
import type { ServerCounts } from './conversation-server.ts';

/** The part of result_summary.json that says where samples and conversations went. */
export interface ConversationSummary extends RunSummary {
  readonly complete: boolean;
  readonly verdict: { readonly level: string; readonly findings: readonly { readonly check: string }[] };
  readonly samples: { readonly succeeded: number; readonly errored: number; readonly cancelled: number };
  readonly conversations: {
    readonly begun: number;
    readonly completed: number;
    readonly failed: number;
    readonly cut_off: number;
  };
  readonly event_stream: RunSummary['event_stream'] & { readonly aggregator_restarts: number };
}

/** Something that must hold, and the numbers that say whether it does. */
export interface Check {
  readonly what: string;
  readonly holds: boolean;
  readonly numbers: string;
}

export function same(what: string, found: number | string, wanted: number | string): Check {
  return {
    what,
    holds: found === wanted,
    numbers: found === wanted ? `${found}` : `${found}, not ${wanted}`,
  };
}

/** Findings that mean something is missing. A busy machine and stopped processes bring others. */
const LOSSES: readonly string[] = COMPLETENESS_CHECKS.map(({ name }) => name);

/** Of a run that came to its end: every request and every conversation is accounted for, by both sides. */
export function accountsOf(summary: ConversationSummary, server: ServerCounts): readonly Check[] {
  const { samples, conversations, n_samples_issued: issued, event_stream: stream } = summary;
  const { begun, completed, failed, cut_off: cutOff } = conversations;
  const losses = summary.verdict.findings.map(({ check }) => check).filter((check) => LOSSES.includes(check));
  return [
    same('requests that the server received = samples issued', server.requests, issued),
    same(
      'issued = succeeded + errored + cancelled',
      issued,
      samples.succeeded + samples.errored + samples.cancelled,
    ),
    same('failures that the server made = samples errored', server.failed + server.cut, samples.errored),
    same('answers that the server ended = samples succeeded', server.answered, samples.succeeded),
    same('conversations begun = completed + failed + cut off', begun, completed + failed + cutOff),
    same('conversations failed = samples errored', failed, samples.errored),
    same('histories that repeat something else', server.wrongHistories, 0),
    same('lost frames', stream.lost_frames, 0),
    same('findings of a loss', losses.join(', '), ''),
  ];
}

/** What `report` makes of the log alone must be what the run told. */
export function rebuiltAlike(summary: ConversationSummary, rebuilt: ConversationSummary): readonly Check[] {
  const told = ({ n_samples_issued, samples, conversations }: ConversationSummary) => {
    const { begun, completed, failed, cut_off } = conversations;
    return JSON.stringify([n_samples_issued, samples, begun, completed, failed, cut_off]);
  };
  return [same('the report rebuilt from the log has the same counts', told(rebuilt), told(summary))];
}

/** `inferometer report --json` on a run. */
export function rebuiltReport(run: string): ConversationSummary {
  const { stdout, stderr } = spawnSync(PROGRAM, ['report', run, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  try {
    return JSON.parse(stdout) as ConversationSummary;
  } catch (cause) {
    throw new Error(`report on ${run}: ${stderr}`, { cause });
  }
}

export function toldReport(run: string): ConversationSummary {
  return JSON.parse(
    readFileSync(join(run, 'performance/result_summary.json'), 'utf8'),
  ) as ConversationSummary;
}
