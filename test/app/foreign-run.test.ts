import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { identityOf } from '../../src/app/run-folder/process-identity.ts';
import { rebuildReport } from '../../src/app/reports/rebuild-report.ts';
import { watchRun } from '../../src/app/views/watch-run.ts';
import { encodeRunHeader } from '../../src/app/run-folder/run-header.ts';
import { createLog, SILENT_LOG } from '../../src/core/log.ts';
import { reportText } from '../../src/report/text.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { manifestOf } from '../attack/attack-run.ts';
import { RecordedRun } from './recorded-run.ts';

let run: RecordedRun;
beforeEach(() => {
  run = new RecordedRun();
});
afterEach(() => run.remove());

it('the tokenizer that a log names is not opened by its report, which says so', async () => {
  const header = { ...run.header, tokenizer: join(run.path, 'run.log') };
  run.writer.append(FrameKind.runHeader, encodeRunHeader(header));
  run.start();
  run.sample(0);
  run.end();
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const { report } = await rebuildReport(run.path, log);
  expect(lines).toEqual([]);
  expect(reportText(report).replace(/\s+/g, ' ')).toContain(
    `Tokenizer: ${header.tokenizer}, named by the log, was not opened`,
  );
  // What the user names is: this one is no tokenizer.
  await rebuildReport(run.path, log, { tokenizerPath: header.tokenizer });
  expect(lines.join()).toContain('tokens are not counted');
});

it.each([
  { published_by: 7 },
  { published_by: {} },
  { published_by: { load_generator: 'x', legacy_qps: false, missing: [] } },
  { published_by: { addresses: [7], load_generator: 'x', legacy_qps: false, missing: [] } },
  { foreign: 7 },
  { foreign: {} },
  { foreign: { load_generator: 'x', legacy_qps: false } },
  { foreign: { load_generator: 'x', legacy_qps: false, missing: [7] } },
])('a header that says %j of who recorded the run is none', async (field) => {
  run.writer.append(FrameKind.runHeader, encodeRunHeader({ ...run.header, ...field } as never));
  run.end();
  await expect(
    rebuildReport(
      run.path,
      createLog(() => undefined),
    ),
  ).rejects.toThrow("its first frame must be the run's header");
});

it.each([
  7,
  {},
  { trace: 't', speed: 'fast', arrivals: 1, span_ns: 1, idle_cap_ms: null, from_ms: null, to_ms: null },
  { trace: 't', speed: 1, arrivals: 1, span_ns: 1, idle_cap_ms: {}, from_ms: null, to_ms: null },
])('a header that says %j of what was replayed is none', async (replay) => {
  run.writer.append(FrameKind.runHeader, encodeRunHeader({ ...run.header, replay } as never));
  run.end();
  const log = createLog(() => undefined);
  await expect(rebuildReport(run.path, log)).rejects.toThrow("its first frame must be the run's header");
});

it('a run.json does not send a watcher to another machine', async () => {
  run.writeHeader();
  let connections = 0;
  const server = createServer(() => (connections += 1)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const snapshots = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const manifest = { ...manifestOf('running'), main_process: identityOf(process.pid) };
  writeFileSync(join(run.path, 'run.json'), JSON.stringify({ ...manifest, addresses: { snapshots } }));
  const leaving = new AbortController();
  const watching = watchRun(run.path, {
    onSnapshot: () => undefined,
    log: SILENT_LOG,
    signal: leaving.signal,
  });
  await sleep(500);
  leaving.abort();
  expect(await watching).toBe('detached');
  expect(connections).toBe(0);
  server.close();
});
