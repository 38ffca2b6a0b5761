import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { watchRun } from '../../src/app/views/watch-run.ts';
import { MAX_HISTORY_BINS } from '../../src/aggregator/history-recorder.ts';
import { MAX_NOTE_LENGTH } from '../../src/core/load-ranges.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import type { Json, MetricsSnapshot } from '../../src/metrics/snapshot.ts';
import { MAX_SNAPSHOT_MESSAGE_BYTES } from '../../src/transport/zmq/socket-limits.ts';
import { madeUpHistory } from '../charts/made-up-history.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { hostileViewersRound } from './hostile-viewers.ts';
import { hostileBrowserRound, WEB_ATTACKS, type WebAttack } from './web-attacks.ts';
import { writeHugeSnapshot, type ZmtpAttack } from './zmtp-attacker.ts';

const ROUND_MS = 700;

describe('whoever connects to --view-address', () => {
  it.each<readonly [ZmtpAttack, 'with' | 'without']>([
    ['half-open', 'with'],
    ['garbage greeting', 'with'],
    ['slow greeting', 'with'],
    ['huge command', 'with'],
    ['huge command', 'without'],
    ['huge message', 'without'],
    ['endless subscriptions', 'without'],
    ['slow subscriptions', 'without'],
    ['no reader', 'without'],
  ])('%s, %s a key: viewers still see the run, and memory stays bounded', async (attack, key) => {
    const { failures, input } = await hostileViewersRound(1, ROUND_MS, {
      attack,
      hasKey: key === 'with',
      connections: attack === 'half-open' ? 400 : 40,
    });
    expect(failures, JSON.stringify(input)).toEqual([]);
  });
});

it('a viewer drops the connection to who announces more than a snapshot can be', async () => {
  const closed = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('close', () => closed.resolve());
    socket.resume();
    writeHugeSnapshot(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const leaving = new AbortController();
  const watching = watchRun(`tcp://127.0.0.1:${port}`, {
    onSnapshot: () => undefined,
    log: SILENT_LOG,
    signal: leaving.signal,
  });
  await closed.promise;
  leaving.abort();
  expect(await watching).toBe('detached');
  server.close();
}, 10_000);

it('a snapshot of a run with a full history and all its marks is far below what a viewer takes', () => {
  const marks = Array.from({ length: 1000 }, (_, index) => {
    return { at_ns: 1e12 + index, kind: 'note' as const, value: null, text: 'é'.repeat(MAX_NOTE_LENGTH) };
  });
  const history = madeUpHistory({
    bins: MAX_HISTORY_BINS,
    ratePerSecond: 1234,
    ttftMs: 123,
    failing: true,
    marks,
  });
  const snapshot: MetricsSnapshot = {
    ...{ counter: 1, timestampNs: 1n, state: 'live', pendingTaskCount: 0, metrics: [] },
    extras: { history: JSON.parse(JSON.stringify(history)) as Json },
  };
  const { payload } = new SnapshotCodec().encode(snapshot);
  expect(payload.length).toBeGreaterThan(100_000);
  expect(payload.length).toBeLessThan(MAX_SNAPSHOT_MESSAGE_BYTES / 8);
});

describe('whoever connects to the page', () => {
  it.each(Object.keys(WEB_ATTACKS) as WebAttack[])(
    '%s: is closed, and viewers are served',
    async (attack) => {
      const { failures, input } = await hostileBrowserRound(1, 0, { attack, connections: 150 });
      expect(failures, JSON.stringify(input)).toEqual([]);
    },
  );
});
