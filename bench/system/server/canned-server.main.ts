/**
 * Does what canned-server.c does where there is no C compiler, with less to spare: FIRST CHUNK LAST COUNT GAP_US PACE. Prints its port.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';

const [firstPath, chunkPath, lastPath, count, gapUs, pace] = process.argv.slice(2);
const [first, chunk, last] = [firstPath, chunkPath, lastPath].map((path) => readFileSync(path!));
const chunks = Number(count);
const gapMs = Number(gapUs) / 1000;

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    if (!isWhole(received)) return;
    received = '';
    socket.write(first!);
    if (chunks > 0) sendRest(socket, chunks, beginMs() + gapMs);
  });
});
server.listen(0, '127.0.0.1', 4096, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

/** When the beats of an answer begin. */
function beginMs(): number {
  const nowMs = performance.now();
  return pace === 'in-step' && gapMs > 0 ? nowMs - (nowMs % gapMs) : nowMs + Math.random() * gapMs;
}

/** Pieces left: so many chunks and the last. */
function sendRest(socket: Socket, left: number, dueMs: number): void {
  const waitMs = dueMs - performance.now();
  const send = () => {
    if (socket.destroyed) return;
    socket.write(left > 0 ? chunk! : last!);
    if (left > 0) sendRest(socket, left - 1, dueMs + gapMs);
  };
  if (waitMs > 0) setTimeout(send, waitMs);
  else setImmediate(send);
}

function isWhole(request: string): boolean {
  const headEnd = request.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = Number(/content-length: *(\d+)/i.exec(request)?.[1] ?? 0);
  return request.length >= headEnd + 4 + length;
}
