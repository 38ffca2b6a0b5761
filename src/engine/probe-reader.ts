import { connect, type Socket } from 'node:net';
import type { RunClock } from '../core/time.ts';
import type { LoopLateness } from './loop-lateness.ts';

const BUFFER_BYTES = 4096;

/** The worker's end of the probes: a socket on its event loop like any other, stamped as one. */
export class ProbeReader {
  readonly #socket: Socket;

  /** `port`: of the probe thread. One that cannot be reached sends no probes, and the report says that lateness was not measured. */
  constructor(port: number, clock: RunClock, lateness: LoopLateness, onFirst: () => void) {
    let isFirst = true;
    const callback = (bytes: number) => {
      lateness.readProbes(bytes, clock.nowNs());
      if (isFirst) onFirst();
      isFirst = false;
      return true;
    };
    const onread = { buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES), callback };
    this.#socket = connect({ port, host: '127.0.0.1', onread })
      .on('error', () => this.close())
      .unref();
  }

  close(): void {
    this.#socket.destroy();
  }
}
