import type { Socket } from 'node:net';

/** The events of a socket that is being connected. */
export interface OpeningListener {
  /** The TCP connection stands; on a TLS endpoint the handshake is still to come. */
  onTcp(): void;
  /** From now on this is the socket, in place of the one that was returned. */
  onSocket(socket: Socket): void;
  /** Requests may be written. */
  onOpen(): void;
  onError(error: Error): void;
  onClose(): void;
}

/** The events of one that the connector also reads. */
export interface SocketListener extends OpeningListener {
  /** `length` bytes stand at the start of the connector's buffer, valid during the call. */
  onRead(length: number): void;
  /** The peer will send nothing more. */
  onEnd(): void;
  /** A write failed; true: keep the socket open for what there is to read. */
  onWriteFailed(): boolean;
}

/** Tells the listener what happens to a socket that the connector reads, the last one of its connection. */
export function follow<T extends Socket>(
  socket: T,
  listener: SocketListener,
  opening: 'connect' | 'secureConnect',
): T {
  keepAfterFailedWrite(socket, listener);
  return watch(socket, listener, opening).on('end', () => listener.onEnd());
}

/** The same for one that its owner reads. */
export function watch<T extends Socket>(
  socket: T,
  listener: OpeningListener,
  opening: 'connect' | 'secureConnect',
): T {
  return socket
    .once(opening, () => listener.onOpen())
    .on('error', (error) => listener.onError(error))
    .on('close', () => listener.onClose());
}

/** Node destroys a socket when a write fails, and with it a response that is there already. */
export function keepAfterFailedWrite(socket: Socket, listener: SocketListener): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: NodeJS.ErrnoException) => {
    const isWrite = error?.syscall === 'write' && !socket.connecting;
    return isWrite && listener.onWriteFailed() ? socket : destroy(error);
  };
}
