// Reads run folders with every reader of this program, one after another, and tells after each step what came of it, a JSON line each.
// A process of its own: one that waits for a pipe forever can be ended from outside.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareRunDirectories } from '../../src/app/reports/compare-runs.ts';
import { exportRunEvents } from '../../src/app/reports/export-events.ts';
import { exportSamples } from '../../src/app/reports/export-samples.ts';
import { plotRuns } from '../../src/app/reports/plot.ts';
import { rebuildReport } from '../../src/app/reports/rebuild-report.ts';
import { replayLive } from '../../src/app/views/replay-live.ts';
import { writeReport } from '../../src/app/reports/report-files.ts';
import { RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import { RunsFolder } from '../../src/app/views/serve-library.ts';
import { comparisonText } from '../../src/compare/text.ts';
import { verdictSoFar } from '../../src/app/views/live-updates.ts';
import { errorText, InferometerError } from '../../src/core/errors.ts';
import { createLog } from '../../src/core/log.ts';
import type { MetricsSnapshot } from '../../src/metrics/snapshot.ts';
import { terminalSummary } from '../../src/report/terminal-summary.ts';
import { reportText } from '../../src/report/text.ts';
import { SOUND_RUN } from './attack-run.ts';
import { ATTACK_READERS, type AttackReader, type ReaderOutcome } from './readers.ts';

const lines: string[] = [];
const log = createLog((line) => lines.push(line), 'warning');

/** Each tells all it would show, and its verdict where it has one. */
const READERS: Readonly<
  Record<AttackReader, (path: string, out: string) => Promise<{ text: string; verdict?: string }>>
> = {
  report: async (path) => {
    const { report, directory } = await rebuildReport(path, log);
    // As the command does: what cannot be written is a warning.
    await writeReport(directory, report).catch((error: unknown) => log.warning(errorText(error)));
    const texts = [reportText(report), ...terminalSummary(report)];
    return { text: texts.join('\n'), verdict: report.verdict.level };
  },
  serve: async (path) => {
    const runs = new RunsFolder(join(path, '..'), { mayReplay: true, log });
    const list = await runs.list();
    if (existsSync(join(path, '..', SOUND_RUN)) && !list.some(({ name }) => name === SOUND_RUN))
      throw new Error('the sound run is not listed');
    const name = path.split('/').at(-1)!;
    const run = await runs.open(name);
    if (run === undefined) throw new InferometerError('INFEROMETER_RUN_MISSING', 'input', 'not shown');
    const text = JSON.stringify([list, run, await requestsOf(runs, name)]);
    const verdict = run.update.verdict?.level;
    return verdict === undefined ? { text } : { text, verdict };
  },
  watch: async (path) => {
    let last: MetricsSnapshot | undefined;
    await replayLive(RunDirectory.open(path), {
      speed: 1e6,
      onSnapshot: (snapshot) => (last = snapshot),
      log,
      signal: new AbortController().signal,
    });
    return last === undefined ? { text: '' } : { text: '', verdict: verdictSoFar(last).level };
  },
  compare: async (path) => {
    const report = await compareRunDirectories([path, path], { margin: 0.03, confidence: 0.95 }, log);
    const { verdict } = report.baseline;
    return { text: comparisonText(report), ...(verdict === undefined ? {} : { verdict }) };
  },
  samples: async (path, out) => {
    await exportSamples(path, { format: 'csv', outPath: join(out, 'samples.csv'), log });
    return { text: '' };
  },
  events: async (path, out) => {
    await exportRunEvents(path, { outPath: join(out, 'events.jsonl'), log });
    return { text: '' };
  },
  // Apart from the report: it takes longest.
  page: async (path) => {
    await (await rebuildReport(path, log)).writePage();
    return { text: '' };
  },
  plot: async (path) => {
    const written = await plotRuns([path], {
      ...{
        format: 'svg',
        theme: 'light',
        charts: ['errors'],
        outPath: undefined,
        width: 300,
        height: 200,
        log,
      },
    });
    return { text: written.join('\n') };
  },
};

/** The table of a run's requests, and the first of them; what refuses to list them says why. */
async function requestsOf(runs: RunsFolder, name: string): Promise<unknown> {
  const query = { sort: 'latency', isDescending: true, search: 'a' } as const;
  try {
    for (;;) {
      const page = await runs.requests!.page(name, query, 0, 500);
      if (page === undefined) return undefined;
      if ('bytesRead' in page) continue;
      const [first] = page.rows;
      return first === undefined ? page : [page, await runs.requests!.request(name, first.seq, query)];
    }
  } catch (error) {
    if (error instanceof InferometerError) return errorText(error);
    throw error;
  }
}

function tell(outcome: ReaderOutcome): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

const [readers, ...paths] = process.argv.slice(2);
for (const path of paths) {
  for (const reader of ATTACK_READERS) {
    if (readers !== 'all' && !readers!.split(',').includes(reader)) continue;
    tell({ path, reader, kind: 'begun' });
    lines.length = 0;
    const out = mkdtempSync(join(tmpdir(), 'inferometer-out-'));
    try {
      const { text, verdict = null } = await READERS[reader](path, out);
      const exported = readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8'));
      tell({ path, reader, kind: 'read', verdict, text, exported: exported.join('\n'), log: [...lines] });
    } catch (error) {
      const code = error instanceof InferometerError ? error.code : null;
      tell({
        path,
        reader,
        kind: 'refused',
        code,
        text: code === null ? ((error as Error).stack ?? errorText(error)) : errorText(error),
        log: [...lines],
      });
    } finally {
      rmSync(out, { recursive: true });
    }
  }
}
