import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { compareRunDirectories } from '../../src/app/reports/compare-runs.ts';
import { comparisonPageOf } from '../../src/app/reports/comparison-page-file.ts';
import { exportRunEvents } from '../../src/app/reports/export-events.ts';
import { exportSamples } from '../../src/app/reports/export-samples.ts';
import { plotRuns } from '../../src/app/reports/plot.ts';
import { rebuildReport } from '../../src/app/reports/rebuild-report.ts';
import { RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import { replayLive } from '../../src/app/views/replay-live.ts';
import { RunsFolder } from '../../src/app/views/serve-library.ts';
import { watchRun } from '../../src/app/views/watch-run.ts';
import { createLog, SILENT_LOG } from '../../src/core/log.ts';
import { reportToJson } from '../../src/report/json.ts';
import { reportText } from '../../src/report/text.ts';
import { percentileOf } from '../../src/report/series-report.ts';
import type { MetricsSnapshot } from '../../src/metrics/snapshot.ts';
import { type ReportDirectoryOptions, TheirDirectory } from './report-directory.ts';

const SAMPLES = 200;
const directories: TheirDirectory[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) directory.remove();
});

function theirs(options: Partial<ReportDirectoryOptions> = {}): TheirDirectory {
  const directory = new TheirDirectory({ samples: SAMPLES, ...options });
  directories.push(directory);
  return directory;
}

function logTo(lines: string[]) {
  return createLog((line) => lines.push(line), 'warning');
}

/** Every file of a directory but those that we put there, with its content. */
function contentOf({ path }: TheirDirectory): ReadonlyMap<string, string> {
  const files = globSync('**/*', { cwd: path, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.startsWith(join(path, 'inferometer')))
      .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
}

const findingsOf = ({ report }: Awaited<ReturnType<typeof rebuildReport>>) =>
  report.verdict.findings.map(({ check }) => check);

describe('report', () => {
  it('replays the events, has the token counts of the snapshot, and says what is not known', async () => {
    const directory = theirs();
    const before = contentOf(directory);
    const lines: string[] = [];
    const rebuilt = await rebuildReport(directory.path, logTo(lines));
    const { report } = rebuilt;
    expect(lines).toEqual([]);
    expect(report).toMatchObject({ samplesIssued: SAMPLES, samplesFailed: SAMPLES / 10, state: 'complete' });
    expect(report.latency).toMatchObject({ count: SAMPLES, min: 40_000_000, max: 62_000_000 });
    expect(percentileOf(report.ttft, 50)).toBe(20_000_000);
    expect(report.outputSequenceLengths).toMatchObject({ count: 180, total: 540 });
    expect(report.own).toMatchObject({
      source: 'events.jsonl, token counts from final_snapshot.json',
      errorsByType: [{ type: 'error', count: 20, example: 'HTTP 503: busy' }],
      requestedRatePerSecond: 100,
    });
    expect(report.verdict.level).not.toBe('valid');
    expect(findingsOf(rebuilt)).toContain('client_health_unknown');
    const text = reportText(report).replace(/\s+/g, ' ');
    expect(text).toContain('client health unknown: MLCommons endpoints sent the load');
    expect(text).toContain('Load generator: MLCommons endpoints');
    expect(text).toContain('Not recorded: client health, due times, token usage told by the server');
    expect(text).toContain('model=their-model');
    expect(reportToJson(report).run).toMatchObject({ load_generator: 'MLCommons endpoints' });

    await rebuilt.write(true);
    expect(contentOf(directory)).toEqual(before);
    for (const name of ['report.txt', 'report.html', 'performance/result_summary.json']) {
      expect(existsSync(directory.file(`inferometer/${name}`)), name).toBe(true);
    }
  });

  it('takes its figures from a final snapshot alone', async () => {
    for (const place of ['metrics/final_snapshot.json', 'final_snapshot.json']) {
      const directory = theirs({ parts: ['snapshot'] });
      if (place === 'final_snapshot.json') {
        const text = readFileSync(directory.file('metrics/final_snapshot.json'));
        rmSync(directory.file('metrics'), { recursive: true });
        directory.write(place, text);
      }
      const rebuilt = await rebuildReport(directory.path, SILENT_LOG);
      expect(rebuilt.report.latency).toMatchObject({ count: SAMPLES, max: 62_000_000 });
      expect(rebuilt.report.own).toMatchObject({ source: 'final snapshot file' });
      expect(findingsOf(rebuilt)).toContain('client_health_unknown');
      expect(reportText(rebuilt.report).replace(/\s+/g, ' ')).toContain(
        'Not recorded: events.jsonl is missing (no samples, error types or charts over time); config.yaml is missing (no settings)',
      );
    }
  });

  it('does without a final snapshot', async () => {
    const rebuilt = await rebuildReport(theirs({ parts: ['events'] }).path, SILENT_LOG);
    expect(rebuilt.report.latency).toMatchObject({ count: SAMPLES });
    expect(rebuilt.report.outputSequenceLengths.kind).toBe('empty');
    expect(rebuilt.report.own?.run.publishedBy?.missing[0]).toBe(
      'metrics/final_snapshot.json is missing (no token counts)',
    );
  });

  it('believes the events where the snapshot differs, and says so', async () => {
    const directory = theirs();
    const snapshot = readFileSync(directory.file('metrics/final_snapshot.json'), 'utf8');
    directory.write(
      'metrics/final_snapshot.json',
      snapshot.replace(/("tracked_samples_issued",\s+"value": )200/, '$1199'),
    );
    const lines: string[] = [];
    const { report } = await rebuildReport(directory.path, logTo(lines));
    expect(lines.join()).toMatch(
      /tracked_samples_issued is 199, and events.jsonl has 200; only events.jsonl is used/,
    );
    expect(report.own?.source).toBe('events.jsonl');
  });

  it('tells a session that did not end', async () => {
    const rebuilt = await rebuildReport(theirs({ ends: false, parts: ['events'] }).path, SILENT_LOG);
    expect(rebuilt.report.state).toBe('interrupted');
    expect(findingsOf(rebuilt)).toContain('run_interrupted');
  });
});

describe('other commands', () => {
  it('compare finds the difference between two', async () => {
    const [before, after] = [theirs({ samples: 1500 }), theirs({ samples: 1500, extraLatencyMs: 20 })];
    const paths = [before.path, after.path];
    const report = await compareRunDirectories(paths, { margin: 0.05, confidence: 0.95 }, SILENT_LOG);
    expect(report.pairs[0]!.comparison).toBeDefined();
    expect(report.baseline).toMatchObject({ sampleCount: 1500, verdict: 'degraded' });
    const latency = JSON.stringify(report.pairs[0]!.comparison);
    expect(latency).toContain('worse');
    expect(await comparisonPageOf(report, paths, SILENT_LOG)).toContain('<svg');
  });

  it('plot draws into a folder of ours', async () => {
    const directory = theirs();
    const options = { format: 'svg', theme: 'light', width: 800, height: 450, log: SILENT_LOG } as const;
    const paths = await plotRuns([directory.path], options);
    expect(paths.length).toBeGreaterThan(2);
    for (const path of paths) expect(path.startsWith(directory.file('inferometer/plots/'))).toBe(true);
  });

  it('export gives its samples, by their ids, and its events as they were', async () => {
    const directory = theirs();
    const samples = await exportSamples(directory.path, { format: 'csv', log: SILENT_LOG });
    expect(samples).toEqual({ path: directory.file('inferometer/samples.csv'), samples: SAMPLES });
    const [head, first] = readFileSync(samples.path, 'utf8').split('\n');
    const cells = Object.fromEntries(head!.split(',').map((name, i) => [name, first!.split(',')[i]]));
    expect(cells).toMatchObject({
      ...{ sample_id: '0'.padStart(32, 'e'), measured: 'true', outcome: 'succeeded', finish_reason: 'stop' },
      ...{ ttft_ns: '20000000', latency_ns: '40000000', chunks: '2', due_ns: '' },
    });
    const events = await exportRunEvents(directory.path, { log: SILENT_LOG });
    expect(events.path).toBe(directory.file('inferometer/events.jsonl'));
    expect(readFileSync(events.path, 'utf8')).toBe(readFileSync(directory.file('events.jsonl'), 'utf8'));
  });

  it('nothing is written over what is there', async () => {
    const directory = theirs();
    for (const name of ['events.jsonl', 'metrics/final_snapshot.json', 'config.yaml']) {
      const exporting = exportRunEvents(directory.path, { outPath: directory.file(name), log: SILENT_LOG });
      await expect(exporting).rejects.toThrow('a file of a report directory, which is never overwritten');
    }
  });

  it('serve lists and opens it, next to runs of ours', async () => {
    const directory = theirs();
    for (const mayReplay of [true, false]) {
      const library = new RunsFolder(directory.home, { mayReplay, log: SILENT_LOG });
      expect(await library.list()).toMatchObject([
        {
          ...{
            name: 'theirs',
            model: 'their-model',
            endpoints: ['http://127.0.0.1:8000'],
            load: 'poisson 100/s',
          },
          ...{ verdict: null, samples: SAMPLES, failed: 20, ttftP50Ns: 20_000_000, latencyP99Ns: 62_000_000 },
        },
      ]);
      const run = await library.open('theirs');
      expect(run?.entry.verdict).toBe('degraded');
    }
  });

  it('watch shows its end, and plays it', async () => {
    const directory = theirs();
    const seen: MetricsSnapshot[] = [];
    const options = {
      onSnapshot: (snapshot: MetricsSnapshot) => void seen.push(snapshot),
      log: SILENT_LOG,
      signal: new AbortController().signal,
    };
    expect(await watchRun(directory.path, options)).toBe('final');
    expect(await replayLive(RunDirectory.open(directory.path), { ...options, speed: 1_000_000 })).toBe(
      'final',
    );
    expect(seen.map(({ state }) => state)).toEqual(expect.arrayContaining(['complete']));
  });

  it('say what they need where there are only figures', async () => {
    const { path } = theirs({ parts: ['snapshot', 'summary', 'config'] });
    const options = { margin: 0.05, confidence: 0.95 };
    await expect(compareRunDirectories([path, path], options, SILENT_LOG)).rejects.toThrow(
      'has no samples to compare, as events.jsonl is missing',
    );
    await expect(exportSamples(path, { format: 'csv', log: SILENT_LOG })).rejects.toThrow(
      'no samples to export',
    );
    await expect(rebuildReport(path, SILENT_LOG, { tokenizerPath: 'x' })).rejects.toThrow(
      'no samples to count',
    );
  });
});

describe('a broken report directory', () => {
  it.each(['summary', 'config'] as const)('with no more than its %s is none', (part) => {
    expect(() => RunDirectory.open(theirs({ parts: [part] }).path)).toThrow(
      /no run here .*report directory of MLCommons/,
    );
  });

  it('a run of ours that lost its log is none', () => {
    const directory = theirs();
    directory.write('run.json', '{}');
    expect(() => RunDirectory.open(directory.path)).toThrow('no run here (run.log is missing)');
  });

  it('lines that are no events are left out, told and counted', async () => {
    const directory = theirs({ parts: ['events'] });
    const lines = readFileSync(directory.file('events.jsonl'), 'utf8').split('\n');
    lines.splice(3, 0, 'no event', '{"event_type":"sample.issued","timestamp_ns":"soon"}', '');
    directory.write('events.jsonl', `${lines.join('\n')}{"event_type":"sample.i`);
    const told: string[] = [];
    const rebuilt = await rebuildReport(directory.path, logTo(told));
    expect(told).toEqual([
      expect.stringMatching(/events.jsonl: line 4 is no event: .*; it is left out$/),
      expect.stringMatching(
        /events.jsonl: line 5 is no event: timestamp_ns must be a whole number.*; it is left out$/,
      ),
    ]);
    expect(rebuilt.report.samplesIssued).toBe(SAMPLES);
    expect(rebuilt.report.verdict.level).toBe('invalid');
    expect(reportText(rebuilt.report).replace(/\s+/g, ' ')).toContain(
      'events.jsonl is malformed: 2 lines hold data that no run could have recorded',
    );
  });

  it('a last line that was never finished is told', async () => {
    const directory = theirs({ parts: ['events'] });
    const path = directory.file('events.jsonl');
    truncateSync(path, readFileSync(path).length - 20);
    const rebuilt = await rebuildReport(directory.path, SILENT_LOG);
    expect(findingsOf(rebuilt)).toEqual(expect.arrayContaining(['run_log_torn', 'run_interrupted']));
  });

  it('a file without an end costs what is in it', async () => {
    const directory = theirs({ parts: ['events'] });
    truncateSync(directory.file('events.jsonl'), 2 ** 40);
    const rebuilt = await rebuildReport(directory.path, SILENT_LOG);
    expect(rebuilt.report.samplesIssued).toBe(SAMPLES);
  });

  it('links are not followed, and are named', async () => {
    const [directory, other] = [theirs(), theirs()];
    for (const name of ['events.jsonl', 'config.yaml']) {
      rmSync(directory.file(name));
      symlinkSync(other.file(name), directory.file(name));
    }
    const { report } = await rebuildReport(directory.path, SILENT_LOG);
    expect(report.own?.source).toBe('final snapshot file');
    expect(report.own?.run.publishedBy?.missing.join()).toMatch(
      /events.jsonl is a symbolic link.*config.yaml is a symbolic link/,
    );
    rmSync(directory.file('metrics'), { recursive: true });
    symlinkSync(other.file('metrics'), directory.file('metrics'));
    await expect(rebuildReport(directory.path, SILENT_LOG)).rejects.toThrow('cannot be read');
  });

  it('a snapshot that is none is told, and done without', async () => {
    for (const text of [
      '',
      '[',
      '[]',
      'null',
      '7',
      '{"metrics":7}',
      '{"state":"complete","metrics":[null,{"type":"series"}]}',
    ]) {
      const directory = theirs({ parts: ['events'] });
      directory.write('metrics/final_snapshot.json', text);
      const { report } = await rebuildReport(directory.path, SILENT_LOG);
      expect(report.samplesIssued, text).toBe(SAMPLES);
      rmSync(directory.file('events.jsonl'));
      const alone = await rebuildReport(directory.path, SILENT_LOG).catch((error: unknown) => error);
      if (alone instanceof Error) expect(alone.message).toContain('cannot be read');
      else expect(alone).toMatchObject({ report: { verdict: { level: 'invalid' } } });
    }
  });

  it('settings of other types, and a bomb of aliases, cost the settings', async () => {
    for (const text of [
      '7',
      '[]',
      'type: [',
      'settings: {load_pattern: [], runtime: 7}\nmodel_params: {name: {}}\nendpoint_config: {endpoints: [1, {}]}',
      bomb(),
    ]) {
      const directory = theirs({ parts: ['events'] });
      directory.write('config.yaml', text);
      expect((await rebuildReport(directory.path, SILENT_LOG)).report.samplesIssued).toBe(SAMPLES);
    }
  });
});

function bomb(): string {
  const names = 'abcdefghij';
  const levels = [...names]
    .slice(1)
    .map((name, i) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${names[i]}`).join()}]`);
  return ['a: &a [x]', ...levels].join('\n');
}
