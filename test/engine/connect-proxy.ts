import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An HTTP proxy that opens tunnels, and tells what it was asked. */
export interface ConnectProxy {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly IncomingMessage[];
  /** Tunnels that are open now. */
  readonly open: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** `answer`: what it sends instead of a tunnel; undefined for a tunnel. */
export async function startConnectProxy(
  answer: (request: IncomingMessage) => string | undefined = () => undefined,
): Promise<ConnectProxy> {
  const requests: IncomingMessage[] = [];
  const open = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(400).end());
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    requests.push(request);
    open.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    const refusal = answer(request);
    if (refusal !== undefined) {
      socket.end(refusal);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const onward = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    let isOpen = false;
    onward
      .once('connect', () => {
        isOpen = true;
        socket.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      })
      .on('error', () => (isOpen ? socket.destroy() : socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')));
    socket.on('close', () => onward.destroy());
    onward.on('close', () => (isOpen ? socket.destroy() : undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    open,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
