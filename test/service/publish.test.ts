import { afterEach, beforeEach, expect, it } from 'vitest';
import { Subscriber } from 'zeromq';
import { decode } from '@msgpack/msgpack';
import { readRecording } from './event-player.ts';
import { counterOf, ServiceBench } from './service-bench.ts';

let bench: ServiceBench;
const subscribers: Subscriber[] = [];
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(async () => {
  for (const subscriber of subscribers.splice(0)) subscriber.close();
  await bench.end();
});

const { messages: recorded } = readRecording('streaming');
/** Of the topic in front of a snapshot. */
const TOPIC_BYTES = 40;

/** All that a subscriber without any code of ours gets. */
function subscribe(address: string) {
  const socket = new Subscriber({ linger: 0 });
  subscribers.push(socket);
  socket.subscribe();
  socket.connect(address);
  const received: Uint8Array[] = [];
  const receiving = (async () => {
    for await (const [message] of socket) received.push(message!);
  })();
  return {
    received,
    end: async () => {
      socket.close();
      await receiving;
    },
  };
}

it.each([
  ['tcp', 'tcp://127.0.0.1:0'],
  ['a Unix socket', undefined],
])('--publish over %s is followed live by watch and by any other subscriber', async (_where, given) => {
  const address = given ?? `ipc://${bench.file('snapshots')}`;
  const { program, player } = await bench.startAggregator('--publish', address);
  const published =
    given === undefined ? address : (await program.waitForOutput(/inferometer watch (tcp:\S+)/))[1]!;
  const watching = bench.start(['watch', published]);
  const plain = subscribe(published);
  await player.play(recorded.slice(0, -1));
  await watching.waitForOutput(/\b60 issued/);
  await player.play(recorded.slice(-1));
  const { code, stderr } = await program.finished;
  expect([0, 5], stderr).toContain(code);
  const watched = await watching.finished;
  expect(watched.code, watched.stderr).toBe(0);
  expect(watched.stdout).toContain('live');
  expect(watched.stdout).toMatch(/\bcomplete\b/);

  await plain.end();
  const told = plain.received.map((message) =>
    JSON.stringify(decode(message.subarray(TOPIC_BYTES), { useBigInt64: true }), (_key, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    ),
  );
  expect(told.some((text) => text.includes('"live"'))).toBe(true);
  const completed = counterOf(bench.finalSnapshot(), 'tracked_samples_completed');
  expect(told.at(-1)).toContain('"complete"');
  expect(told.at(-1)).toContain(`"tracked_samples_completed",${String(completed)}`);
});
