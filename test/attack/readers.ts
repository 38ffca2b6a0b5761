import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Everything of this program that reads a run folder. */
export const ATTACK_READERS = [
  'report',
  'serve',
  'watch',
  'compare',
  'samples',
  'events',
  'plot',
  'page',
] as const;
export type AttackReader = (typeof ATTACK_READERS)[number];

/** What one reader made of one folder. `code` is null for an error that is none of ours: a bug. */
export type ReaderOutcome = { readonly path: string; readonly reader: AttackReader } & (
  | { readonly kind: 'begun' }
  | {
      readonly kind: 'read';
      readonly verdict: string | null;
      /** What a terminal, a report or a page would show. */
      readonly text: string;
      /** What was written as data. */
      readonly exported: string;
      readonly log: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly code: string | null;
      readonly text: string;
      readonly log: readonly string[];
    }
  | { readonly kind: 'hung' }
);

/** A reader that says nothing for so long waits for something that never comes. */
const PATIENCE_MS = 30_000;

/** Has each of the readers read each of the folders in a process of its own; one that hangs is ended, and so are those behind it. */
export async function readFolders(
  paths: readonly string[],
  readers: readonly AttackReader[] = ATTACK_READERS,
): Promise<ReaderOutcome[]> {
  const script = join(import.meta.dirname, 'read-all.main.ts');
  const child = spawn(process.execPath, [script, readers.join(','), ...paths], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const outcomes: ReaderOutcome[] = [];
  const closed = once(child, 'close');
  let timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  let begun: ReaderOutcome | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    const outcome = JSON.parse(line) as ReaderOutcome;
    if (outcome.kind === 'begun') begun = outcome;
    else {
      begun = undefined;
      outcomes.push(outcome);
    }
  }
  clearTimeout(timer);
  await closed;
  if (begun !== undefined) outcomes.push({ path: begun.path, reader: begun.reader, kind: 'hung' });
  return outcomes;
}
