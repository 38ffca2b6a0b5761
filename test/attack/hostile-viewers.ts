import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RandomSource } from '../../src/core/random.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { createSocketDirectory } from '../../src/transport/zmq/address.ts';
import {
  MAX_ADMISSIONS_PER_TURN,
  MAX_NEWCOMERS,
  MAX_VIEWERS,
} from '../../src/transport/zmq/socket-limits.ts';
import { createSocketKey } from '../../src/transport/zmq/socket-key.ts';
import { connectSubscriber } from '../../src/transport/zmq/subscriber.ts';
import { openFiles, residentMb, type RoundResult } from './attack-round.ts';
import { ZMTP_ATTACKS, type ZmtpAttack, ZmtpAttacker } from './zmtp-attacker.ts';

const FIXTURE = fileURLToPath(new URL('./publisher.fixture.ts', import.meta.url));
/**
 * What an attack may add to the publisher's memory, at most. Each connection costs 76 KB at the most: 50 in libzmq, a buffer of 16 and 10 in
 * V8. V8 keeps three halves of 16 MB for young objects, whatever becomes of them, where 15 MB of heap are there before.
 */
const MAX_CONNECTIONS = MAX_NEWCOMERS + MAX_VIEWERS;
const CONNECTION_MB = 0.076;
const YOUNG_OBJECTS_MB = 3 * 16;
const MAX_GROWTH_MB = MAX_CONNECTIONS * CONNECTION_MB + YOUNG_OBJECTS_MB;
/**
 * And to its open files: three for each connection that has said something, its own and both ends of the one to the publisher behind the gate,
 * and some that are just closing.
 */
const FILES_A_CONNECTION = 3;
const MAX_MORE_FILES = FILES_A_CONNECTION * (MAX_CONNECTIONS + MAX_ADMISSIONS_PER_TURN);
/** A viewer that is there before the attack is sent 20 snapshots a second; so many must come, however busy the machine. */
const MIN_SNAPSHOTS_PER_SECOND = 2;

/**
 * Attacks a publisher in a process of its own, in a way drawn from `seed` unless given, and watches: a viewer that was there before and
 * one that joins meanwhile get snapshots, and the memory of the publisher stays bounded.
 */
export async function hostileViewersRound(
  seed: number,
  budgetMs: number,
  given: { readonly attack?: ZmtpAttack; readonly hasKey?: boolean; readonly connections?: number } = {},
): Promise<RoundResult> {
  const random = new RandomSource(seed);
  const names = Object.keys(ZMTP_ATTACKS) as ZmtpAttack[];
  const attack = given.attack ?? names[random.below(names.length)]!;
  const connections = given.connections ?? 1 + random.below(300);
  const hasKey = given.hasKey ?? random.below(2) === 0;
  const key = hasKey ? createSocketKey() : undefined;
  const input = { seed, attack, connections, hasKey };
  const failures: string[] = [];

  const sockets = await createSocketDirectory();
  const publisher = spawn(
    process.execPath,
    [FIXTURE, sockets.path, 'tcp://127.0.0.1:0', ...(key === undefined ? [] : [key])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const viewers: Viewer[] = [];
  let attacker: ZmtpAttacker | undefined;
  try {
    const address = await firstLine(publisher);
    const early = await Viewer.join(address, key);
    viewers.push(early);
    if (!(await early.sees(1, 40_000))) failures.push('a viewer saw nothing before the attack');
    const beforeMb = await residentMb(publisher.pid!);
    const filesBefore = await openFiles(publisher.pid!);
    const seenBefore = early.seen;
    const startedMs = performance.now();
    attacker = new ZmtpAttacker(Number(/\d+$/.exec(address)![0]), attack, connections, {
      random,
      mechanism: hasKey ? 'CURVE' : 'NULL',
    });
    let mostMb = beforeMb;
    let mostFiles = filesBefore;
    while (performance.now() - startedMs < budgetMs) {
      await sleep(50);
      mostMb = Math.max(mostMb, await residentMb(publisher.pid!));
      mostFiles = Math.max(mostFiles, await openFiles(publisher.pid!));
      if (viewers.length === 1 && performance.now() - startedMs > budgetMs / 2) {
        viewers.push(await Viewer.join(address, key));
      }
    }
    const seconds = (performance.now() - startedMs) / 1000;
    if (early.seen - seenBefore < MIN_SNAPSHOTS_PER_SECOND * seconds) {
      failures.push(`a viewer saw ${early.seen - seenBefore} snapshots in ${seconds.toFixed(1)} s`);
    }
    if (!(await viewers[1]!.sees(1, 40_000)))
      failures.push('a viewer that joined during the attack saw nothing');
    if (mostMb - beforeMb > MAX_GROWTH_MB) {
      failures.push(`the publisher grew from ${beforeMb.toFixed()} to ${mostMb.toFixed()} MB`);
    }
    if (mostFiles - filesBefore > MAX_MORE_FILES) {
      failures.push(`the publisher had ${filesBefore} files open, then ${mostFiles}`);
    }
    if (publisher.exitCode !== null) failures.push(`the publisher ended with ${publisher.exitCode}`);
  } finally {
    attacker?.stop();
    for (const viewer of viewers) await viewer.leave();
    publisher.kill('SIGKILL');
    if (publisher.exitCode === null && publisher.signalCode === null) await once(publisher, 'exit');
    await sockets.remove();
  }
  return { failures, input };
}

/** Counts the snapshots that come. */
class Viewer {
  seen = 0;
  leave: () => Promise<void> = () => Promise.resolve();

  static async join(address: string, key: string | undefined): Promise<Viewer> {
    const viewer = new Viewer();
    const subscriber = await connectSubscriber(new SnapshotCodec(), address, { conflate: true, key });
    subscriber.start((snapshots) => (viewer.seen += snapshots.length));
    viewer.leave = () => subscriber.close();
    return viewer;
  }

  async sees(count: number, patienceMs: number): Promise<boolean> {
    for (const deadlineMs = performance.now() + patienceMs; this.seen < count; await sleep(20)) {
      if (performance.now() > deadlineMs) return false;
    }
    return true;
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error('the publisher said nothing');
}
