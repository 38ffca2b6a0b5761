import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SERVER_QUANTITIES } from '../../core/run-history.ts';
import { snapshotJsonText } from '../../metrics/snapshot-json.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';
import { readCell } from './cell-results.ts';
import { StudyFolder } from './study-folder.ts';
import { parseQuestion } from './study-question.ts';

const QUESTION = `format: 1
version: 0.1.0
created_at: 2026-11-30T16:35:52.868Z
directory: /tmp
kind: sweep
over:
  - concurrency=1,2
design: grid
stop_after_saturation: false
run: {}
repeat: 1
study_seed: 42
`;
const SLO = { slo: 'ttft p90 < 2 s', outcome: 'met', value: 1e9 };
const CELL = { id: '01', values: ['1'], repeat: 1 };

let place: string;
let folder: StudyFolder;
beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'cells-'));
  folder = await StudyFolder.create(join(place, 'study'), parseQuestion(QUESTION, 'study.yaml'));
});
afterAll(() => rmSync(place, { recursive: true }));

function cellOf(summary: object) {
  const directory = RunDirectory.at(folder.cellPath(CELL.id));
  const manifest = {
    ...{ format: 1, run_id: 'r', version: '0', started_at: '2026-11-30T16:35:52Z', machine: {} },
    ...{ main_process: { pid: 1 }, addresses: { snapshots: '' }, outcome: { state: 'complete' } },
  };
  for (const [path, content] of [
    [directory.manifestPath, manifest],
    [directory.resultPath, { slos: [SLO], ...summary }],
  ] as const) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(content));
  }
  return readCell(folder, CELL);
}

it('judges a cell over its steady state, where one was wanted and found', async () => {
  const met = { slos: [{ slo: 'ttft p90 < 2 s', outcome: 'met', holds: true }], reason: null };
  expect(await cellOf({ run_config: { steady_state: 'off' } })).toMatchObject({ state: 'done', ...met });
  const missed = { ...SLO, outcome: 'missed', value: 3e9 };
  const steady = { found: true, reason: null, slos: [missed] };
  expect(await cellOf({ run_config: { steady_state: '20%..100%' }, steady_state: steady })).toMatchObject({
    slos: [{ outcome: 'missed', holds: false }],
    reason: null,
  });
});

it('leaves the SLOs undecided where the steady state was not found, and says why', async () => {
  const undecided = [{ slo: 'ttft p90 < 2 s', outcome: 'undecided', holds: null }];
  const steady = { found: false, reason: 'no measured sample was issued in it', figures: null };
  expect(await cellOf({ run_config: { steady_state: '10s..20s' }, steady_state: steady })).toMatchObject({
    state: 'done',
    slos: undecided,
    reason: 'no steady state to judge the SLOs over: no measured sample was issued in it',
  });
  // It could not be looked for.
  expect(await cellOf({ run_config: { steady_state: 'auto' } })).toMatchObject({
    slos: undecided,
    reason: 'no steady state to judge the SLOs over: its report has none',
  });
});

it('has the medians of what the servers told while requests were issued', async () => {
  const S = 1e9;
  const none = [null, null, null, null, null];
  const history = {
    ...{ format: 1, start_ns: 0, bin_ns: S, end_ns: 5 * S, in_flight_max: [1, 1, 1, 1, 1] },
    marks: [{ at_ns: S, kind: 'phase', value: null, text: 'performance' }],
    server: {
      ...Object.fromEntries(SERVER_QUANTITIES.map((quantity) => [quantity, none])),
      // The first bin is of the warm-up, the last of the drain.
      queue_ms: [900, 10, null, 30, 900],
      waiting: [9, 1, 2, 3, 9],
    },
  };
  const EMPTY = { counter: 1, timestampNs: 0, state: 'complete', pendingTaskCount: 0, metrics: [] } as const;
  const path = RunDirectory.at(folder.cellPath(CELL.id)).finalSnapshotPath;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, snapshotJsonText({ ...EMPTY, extras: { history } }));
  const summary = { run_config: { load: {} }, throughput: { end_ns: 4 * S } };
  expect(await cellOf({ ...summary, server_metrics: {} })).toMatchObject({
    server: { queueMs: 30, computeMs: null, waiting: 2, kvUse: null },
  });
  expect(await cellOf(summary)).toMatchObject({ server: null });
});
