import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { oddKindOf } from '../../core/careful-read.ts';

/** What is in a report directory of MLCommons endpoints, as far as we read it: paths of regular files, undefined for what is missing. */
export interface ReportDirectory {
  readonly events: string | undefined;
  readonly finalSnapshot: string | undefined;
  readonly summary: string | undefined;
  readonly config: string | undefined;
  /** What a report drawn from it lacks, and why. */
  readonly missing: readonly string[];
}

/** Where each file may be: as its benchmark command lays them out, then as its services do that were started by hand. */
const PLACES = {
  events: ['events.jsonl'],
  finalSnapshot: ['metrics/final_snapshot.json', 'final_snapshot.json'],
  summary: ['performance/result_summary.json', 'result_summary.json'],
  config: ['config.yaml'],
} as const;
type Part = keyof typeof PLACES;

/** What cannot be told without a part. Nothing we show is only in the summary. */
const WITHOUT: Readonly<Record<Exclude<Part, 'summary'>, string>> = {
  events: 'no samples, error types or charts over time',
  finalSnapshot: 'no token counts',
  config: 'no settings',
};

/** No run of theirs tells these. */
const NEVER_RECORDED = 'client health, due times, token usage told by the server';

/**
 * The report directory at a path; undefined when it holds neither events nor a final snapshot. What is no regular file counts as missing. A run
 * of ours that lost its log is none.
 */
export function findReportDirectory(path: string): ReportDirectory | undefined {
  if (path === '' || kindAt(join(path, 'run.json')) !== undefined) return undefined;
  const found = Object.fromEntries(
    Object.entries(PLACES).map(([part, names]) => [part, findPart(path, names)]),
  ) as Readonly<Record<Part, FoundPart>>;
  if (found.events.path === undefined && found.finalSnapshot.path === undefined) return undefined;
  const lacking = (Object.keys(WITHOUT) as (keyof typeof WITHOUT)[]).flatMap((part) =>
    found[part].path === undefined ? [`${PLACES[part][0]} ${found[part].fault} (${WITHOUT[part]})`] : [],
  );
  return {
    events: found.events.path,
    finalSnapshot: found.finalSnapshot.path,
    summary: found.summary.path,
    config: found.config.path,
    missing: [...lacking, NEVER_RECORDED],
  };
}

interface FoundPart {
  readonly path: string | undefined;
  readonly fault: string;
}

function findPart(folder: string, names: readonly string[]): FoundPart {
  let fault = 'is missing';
  for (const name of names) {
    const path = join(folder, name);
    const kind = kindAt(path);
    if (kind === 'a file') return { path, fault: '' };
    if (kind !== undefined) fault = `is ${kind}`;
  }
  return { path: undefined, fault };
}

/** What stands at a path, or undefined when nothing does. */
function kindAt(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats && (oddKindOf(stats) ?? 'a file');
}
