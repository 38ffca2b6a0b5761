/**
 * Reads the events of a run's page over so many connections and throws them away, until standard input ends; then prints the
 * fewest bytes that one of them got. `<url> <connections>`
 */
import { connect } from 'node:net';
import { standBack } from '../../../src/app/machine/stand-back.ts';

standBack();
const [address = '', connections = ''] = process.argv.slice(2);
const { hostname, port, host } = new URL(address);
const read = Array.from({ length: Number(connections) }, () => 0);
for (const index of read.keys()) {
  const socket = connect(Number(port), hostname);
  socket.write(`GET /api/live/events HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  socket.on('data', ({ length }) => (read[index]! += length));
  // The run breaks it when it ends.
  socket.on('error', () => undefined);
}
process.stdin.resume().once('end', () => {
  process.stdout.write(`${Math.min(...read)}\n`);
  process.exitCode = 0;
});
