import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { fromMlcommonsConfig } from '../../config/mlcommons-config.ts';
import { openRegularFile } from '../../core/careful-read.ts';
import { FILE_LIMITS } from '../../core/file-limits.ts';
import type { RunId } from '../../core/ids.ts';
import { RecordJsonReader } from '../../events/record-json-reader.ts';
import { parseSnapshotJson } from '../../metrics/snapshot-json.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import { FileLines } from '../../runlog/file-lines.ts';
import type { RunDirectory } from './run-directory.ts';
import type { RunHeader } from './run-header.ts';

const LOAD_GENERATOR = 'MLCommons endpoints';
/** Lines that are looked at for the time of the first event. */
const FIRST_LINES = 100;

/**
 * What the log of a run would begin with, of which there only is a report directory: from its settings, the first of its events and its final
 * snapshot, as far as they are there and can be read. Its id is made from its first line, and when it started nobody knows.
 */
export async function reportHeader(directory: RunDirectory): Promise<RunHeader> {
  const { reportDirectory } = directory;
  const settings = fromMlcommonsConfig(await readConfig(directory));
  const first = reportDirectory?.events === undefined ? undefined : await firstEvent(reportDirectory.events);
  const snapshot = await readOr(undefined, () => readSnapshot(directory));
  return {
    format: 1,
    run_id: idOf(first?.line ?? JSON.stringify(snapshot?.timestampNs.toString() ?? '')),
    origin_ns: String(first?.timestampNs ?? 0n),
    started_at: '',
    version: await readOr('', () => readVersion(directory)),
    // Without anything that tells, the series are there, and empty where nothing was streamed.
    streaming: (snapshot && isStreaming(snapshot)) ?? settings.streaming ?? true,
    tokenizer: null,
    requested_rate_per_second: settings.ratePerSecond ?? null,
    planned_samples: settings.samples ?? null,
    config: settings.config,
    published_by: {
      addresses: [],
      load_generator: LOAD_GENERATOR,
      missing: reportDirectory?.missing ?? [],
      legacy_qps: settings.takesLegacyWindow,
    },
  };
}

async function readConfig(directory: RunDirectory): Promise<unknown> {
  const path = directory.reportDirectory?.config;
  if (path === undefined) return undefined;
  return readOr(undefined, async () => parse(await directory.read(path, FILE_LIMITS.configBytes)) as unknown);
}

async function readSnapshot(directory: RunDirectory): Promise<MetricsSnapshot | undefined> {
  const path = directory.reportDirectory?.finalSnapshot;
  return path === undefined
    ? undefined
    : parseSnapshotJson(await directory.read(path, FILE_LIMITS.finalSnapshotBytes));
}

async function readVersion(directory: RunDirectory): Promise<string> {
  const path = directory.reportDirectory?.summary;
  if (path === undefined) return '';
  const summary: unknown = JSON.parse(await directory.read(path, FILE_LIMITS.summaryBytes));
  const { version } = (summary ?? {}) as { readonly version?: unknown };
  return typeof version === 'string' ? version : '';
}

function isStreaming({ metrics }: MetricsSnapshot): boolean {
  return metrics.some(({ name }) => name === 'ttft_ns');
}

/** The first line that is an event. */
async function firstEvent(
  path: string,
): Promise<{ readonly line: string; readonly timestampNs: bigint } | undefined> {
  const reader = new RecordJsonReader();
  const file = await openRegularFile(path);
  try {
    for await (const { number, text } of new FileLines(file).read()) {
      if (text === undefined || number > FIRST_LINES) return undefined;
      try {
        return { line: text, timestampNs: reader.read(text).timestampNs ?? 0n };
      } catch {
        continue;
      }
    }
    return undefined;
  } finally {
    await file.close();
  }
}

function idOf(text: string): RunId {
  return createHash('sha256').update(text).digest('hex').slice(0, 16) as RunId;
}

/** What is read, or `instead` for a file that is missing, torn or refused: it costs its own content alone. */
async function readOr<T>(instead: T, read: () => Promise<T>): Promise<T> {
  return read().catch(() => instead);
}
