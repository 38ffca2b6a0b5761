import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventKind } from '../../src/core/event-types.ts';
import { createRunId, type SampleSeq } from '../../src/core/ids.ts';
import { createRunClock, type Nanoseconds } from '../../src/core/time.ts';
import { accountFrame } from '../../src/app/run-folder/engine-account.ts';
import { encodeRunHeader, type RunHeader } from '../../src/app/run-folder/run-header.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { RunLogWriter } from '../../src/runlog/append.ts';
import type { PhaseResult } from '../../src/session/session.ts';
import { FrameKind, type Frame } from '../../src/transport/frame.ts';

/** A run as main would record it, written by a test: a directory, its log, and frames one by one. */
export class RecordedRun {
  readonly path = mkdtempSync(join(tmpdir(), 'inferometer-recorded-'));
  readonly logPath = join(this.path, 'run.log');
  readonly finalPath = join(this.path, 'final_snapshot.json');
  readonly writer = RunLogWriter.open(this.logPath);
  readonly header: RunHeader;
  #nowNs = 0;

  constructor() {
    const clock = createRunClock();
    this.header = {
      ...{
        format: 1,
        run_id: createRunId(),
        origin_ns: String(clock.originNs),
        started_at: '2026-01-01T00:00:00.000Z',
      },
      ...{
        version: '0',
        streaming: true,
        tokenizer: null,
        requested_rate_per_second: null,
        planned_samples: null,
        config: {},
      },
    };
  }

  writeHeader(): Frame {
    return this.writer.append(FrameKind.runHeader, encodeRunHeader(this.header));
  }

  /** Events 1 µs apart, in one frame. */
  write(...records: Omit<EventRecord, 'timestampNs'>[]): Frame {
    const stamped = records.map((record) => ({
      ...record,
      timestampNs: (this.#nowNs += 1000) as Nanoseconds,
    }));
    return this.writeTimed(stamped);
  }

  /** Events at times of their own, in one frame. */
  writeTimed(records: readonly EventRecord[]): Frame {
    return this.writer.append(FrameKind.events, encodeBatchFrame(buildEventBatch(records)));
  }

  start(): Frame {
    return this.write({ kind: EventKind.sessionStarted }, { kind: EventKind.sessionStartTracking });
  }

  sample(seq: number): Frame {
    const sampleSeq = seq as SampleSeq;
    return this.write(
      { kind: EventKind.sampleIssued, sampleSeq },
      { kind: EventKind.sampleRecvFirst, sampleSeq },
      { kind: EventKind.sampleComplete, sampleSeq, finishReason: 'stop' },
    );
  }

  /** What the engine counted in the performance phase. */
  account(counts: {
    readonly sent: number;
    readonly notSent?: number;
    readonly endedBy?: PhaseResult['endedBy'];
  }): Frame {
    const { sent, notSent = 0, endedBy = 'count' } = counts;
    const times = { startedNs: 0, endedNs: this.#nowNs, drainTimedOut: false };
    const result = { name: 'performance', kind: 'performance', sent, notSent, endedBy } as const;
    return this.writer.append(
      FrameKind.account,
      accountFrame({ ...result, ...times, tickets: sent + notSent, conversations: 0, cutOff: 0 }),
    );
  }

  end(): Frame {
    return this.write({ kind: EventKind.sessionStopTracking }, { kind: EventKind.sessionEnded });
  }

  /** Turns a bit of the frame written last, in the log. */
  breakLast({ bytes }: Frame): void {
    const file = openSync(this.logPath, 'r+');
    writeSync(file, Buffer.of(bytes.at(-1)! ^ 1), 0, 1, this.writer.bytes - 1);
    closeSync(file);
  }

  async remove(): Promise<void> {
    await this.writer.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}
