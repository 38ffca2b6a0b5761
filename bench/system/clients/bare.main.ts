/**
 * The least a Node client can do: bare sockets, one reused read buffer, an answer known to be over by its length. Each read is stamped; in a
 * stream each message is found, and the time of the read noted for it.
 */
import { connect } from 'node:net';
import { MESSAGES_WITHOUT_TEXT, requestBytes } from '../canned-answers.ts';
import { measureAndExit, readOrder } from './order.ts';

const READ_BUFFER_BYTES = 64 * 1024;
const STAMPS = 2 ** 16;
const LF = 10;

const order = readOrder();
const { url, connections, streaming, answerBytes } = order;
const { hostname, port } = new URL(url);
const request = Buffer.from(requestBytes(url, 1, streaming));
const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
const stampsMs = new Float64Array(STAMPS);
let requests = 0;
let messages = 0;

for (let connection = 0; connection < connections; connection++) open();
await measureAndExit(order, () => ({
  requests,
  chunks: streaming ? messages - requests * MESSAGES_WITHOUT_TEXT : 0,
}));

function open(): void {
  let received = 0;
  let endsWithLineFeed = false;
  const socket = connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        const nowMs = performance.now();
        received += length;
        if (streaming) {
          if (endsWithLineFeed && buffer[0] === LF) stampsMs[messages++ % STAMPS] = nowMs;
          const read = buffer.subarray(0, length);
          for (let at = read.indexOf('\n\n'); at >= 0; at = read.indexOf('\n\n', at + 2)) {
            stampsMs[messages++ % STAMPS] = nowMs;
          }
          endsWithLineFeed = buffer[length - 1] === LF && buffer[length - 2] !== LF;
        } else stampsMs[requests % STAMPS] = nowMs;
        if (received < answerBytes) return true;
        requests += 1;
        received = 0;
        socket.write(request);
        return true;
      },
    },
  });
  socket.on('connect', () => socket.write(request));
  socket.on('error', (error) => {
    throw error;
  });
}
