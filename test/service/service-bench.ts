import { existsSync, readFileSync } from 'node:fs';
import { encode } from '@msgpack/msgpack';
import { packSingle } from '../../src/transport/batch-frame.ts';
import { type EventTopic, eventKindOfTopic } from '../../src/core/event-types.ts';
import { decodeRecords } from '../../src/events/read-records.ts';
import { decodeMessages } from '../../src/events/received-messages.ts';
import { EventFrames } from '../../src/runlog/event-frames.ts';
import { type Frame, FrameKind, openFrame, topicBytes } from '../../src/transport/frame.ts';
import { type Program, waitFor, Workbench } from '../process/program.ts';
import { EventPlayer } from './event-player.ts';

/** What tests read of a snapshot file. */
export interface SnapshotFile {
  readonly state: string;
  readonly n_pending_tasks: number;
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
  readonly extras: {
    readonly reception: Record<string, number>;
    readonly in_flight: number;
    readonly run: { readonly published_by: { readonly addresses: readonly string[] } };
  };
}

/** The frames of a log, as far as it is written. */
function* framesIn(path: string): Generator<Frame> {
  const log = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  for (let at = 0; at < log.length;) {
    // A copy that is aligned, as columns are views.
    const frame = openFrame(new Uint8Array(log.subarray(at)));
    if (typeof frame === 'string') return;
    yield frame;
    at += frame.bytes.length;
  }
}

/** The value of a counter. */
export function counterOf({ metrics }: SnapshotFile, name: string): unknown {
  return metrics.find((metric) => metric.name === name)?.value;
}

/** A workbench with publishers and an aggregator whose run directory is `run`. */
export class ServiceBench extends Workbench {
  readonly #players: EventPlayer[] = [];

  /** Binds a publisher at an `ipc://` socket of this name. */
  async bindPlayer(name = 'events'): Promise<EventPlayer> {
    const player = await EventPlayer.bind(`ipc://${this.file(name)}`);
    this.#players.push(player);
    return player;
  }

  /** Starts an aggregator of one publisher, which it waits to be subscribed to. */
  async startAggregator(...flags: string[]): Promise<{ program: Program; player: EventPlayer }> {
    const player = await this.bindPlayer();
    const program = this.start([
      ...['aggregate', '--connect', player.address, '--out', this.file('run')],
      ...flags,
    ]);
    await player.waitForSubscriber();
    return { program, player };
  }

  finalSnapshot(path = 'run/metrics/final_snapshot.json'): SnapshotFile {
    return this.json<SnapshotFile>(path);
  }

  /** The state that `run.json` tells. */
  outcomeState(run = 'run'): string | undefined {
    return this.tryJson<{ readonly outcome: { readonly state: string } }>(`${run}/run.json`)?.outcome.state;
  }

  /** Waits until the run log has an event of this type. */
  async waitForLogged(topic: EventTopic): Promise<void> {
    const kind = eventKindOfTopic(topic)!;
    const path = this.file('run/run.log');
    const isLogged = () => {
      const events = new EventFrames();
      for (const frame of framesIn(path)) {
        const isCounted = events.batchOf(frame)?.kinds.includes(kind) ?? false;
        // What counts for nothing any more is there as it was received.
        if (isCounted || Buffer.from(frame.body).includes(topic)) return true;
      }
      return false;
    };
    await waitFor(isLogged, `${topic} in the log`);
  }

  /** Waits until the run log holds so many messages, read or as they were received. */
  async waitForLoggedMessages(least: number): Promise<void> {
    const logged = () => {
      let messages = 0;
      for (const { kind, body } of framesIn(this.file('run/run.log'))) {
        if (kind === FrameKind.messages) messages += decodeMessages(body).count;
        else if (kind === FrameKind.records) messages += decodeRecords(body).messages;
      }
      return messages;
    };
    await waitFor(() => logged() >= least, `${least} messages in the log`);
  }

  /** Waits until a snapshot of so many issued samples is published. */
  async waitForIssued(program: Program, issued: number): Promise<void> {
    const watching = this.start(['watch', this.file('run')]);
    await watching.waitForOutput(new RegExp(`\\b${issued} issued`));
    watching.child.kill('SIGINT');
    if (program.child.exitCode !== null) throw new Error(`the aggregator has ended:\n${program.stderr}`);
  }

  override async end(): Promise<void> {
    for (const player of this.#players.splice(0)) player.close();
    await super.end();
  }
}

/** A record as a message of its own. */
export function recordMessage(
  event_type: string,
  timestamp_ns: number,
  sample_uuid = '',
  more: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  const payload = encode({ event_type, timestamp_ns, sample_uuid, ...more });
  return packSingle({ topic: topicBytes(event_type), payload });
}

/** A session of one sample of 100 ns. */
export function sessionOf(startNs: number, uuid: string): readonly Uint8Array[] {
  return [
    recordMessage('session.started', startNs),
    recordMessage('session.start_performance_tracking', startNs),
    recordMessage('sample.issued', startNs + 10, uuid),
    recordMessage('sample.complete', startNs + 110, uuid),
    recordMessage('session.stop_performance_tracking', startNs + 200),
    recordMessage('session.ended', startNs + 200),
  ];
}
