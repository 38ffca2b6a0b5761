import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSocketDirectory, type SocketDirectory } from './address.ts';
import { MessageReceiver } from './message-receiver.ts';

const MESSAGE_BYTES = 2 ** 20;
const SENT = 300;
/** Before the hold: the receiver learns how large messages are. */
const FIRST = 5;

let sockets: SocketDirectory;
beforeEach(async () => {
  sockets = await createSocketDirectory();
});
afterEach(() => sockets.remove());

/** Another process, whose memory is not ours: sends numbered messages as fast as it can once somebody has subscribed, and a last one later. */
const PUBLISHER = `
  import { XPublisher } from 'zeromq';
  const [address, highWaterMark, sent, bytes, first] = process.argv.slice(1);
  const socket = new XPublisher({ sendHighWaterMark: Number(highWaterMark), linger: 20000 });
  await socket.bind(address);
  await socket.receive();
  const numbered = (number) => {
    const message = Buffer.alloc(Number(bytes));
    message.writeUInt32LE(number);
    return message;
  };
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  for (let number = 0; number < Number(sent) - 1; number++) {
    // Those that come before the hold get through whatever the limit.
    if (number <= Number(first)) await pause(20);
    await socket.send(numbered(number));
  }
  await pause(2000);
  await socket.send(numbered(Number(sent) - 1));
  socket.close();
`;

/** The numbers received when handling is held up for a second, and by how much this process grew in it. */
async function receiveWithHold(highWaterMark: number) {
  const address = sockets.freshAddress('messages');
  const flags = [address, highWaterMark, SENT, MESSAGE_BYTES, FIRST].map(String);
  const publisher = spawn(process.execPath, ['--input-type=module', '-e', PUBLISHER, ...flags], {
    stdio: 'inherit',
  });
  const receiver = MessageReceiver.connect(address, {
    ...{ maxMessageBytes: 2 * MESSAGE_BYTES, maxQueuedBytes: 16 * MESSAGE_BYTES },
    onConnection: () => undefined,
  });
  const numbers: number[] = [];
  let grownBytes = 0;
  await receiver.run((messages) => {
    const isHeldUp = numbers.length < FIRST && numbers.length + messages.length >= FIRST;
    for (const message of messages)
      numbers.push(Buffer.from(message.buffer, message.byteOffset).readUInt32LE());
    if (isHeldUp) {
      const before = process.memoryUsage.rss();
      // The thread stands still, as for a disk that does; sockets have threads of their own.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      grownBytes = process.memoryUsage.rss() - before;
    }
    if (numbers.at(-1) === SENT - 1) receiver.close();
  });
  publisher.kill();
  return { numbers, grownBytes };
}

it('what cannot be handled yet waits with a publisher that keeps it, and nothing is lost', async () => {
  const { numbers, grownBytes } = await receiveWithHold(0);
  expect(numbers).toEqual(Array.from({ length: SENT }, (_, number) => number));
  expect(grownBytes).toBeLessThan(64 * MESSAGE_BYTES);
});

it('a publisher with a limit of its own drops what has no room, and what follows arrives', async () => {
  const { numbers } = await receiveWithHold(4);
  expect(numbers.length).toBeLessThan(SENT / 2);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(numbers.at(-1)).toBe(SENT - 1);
});
