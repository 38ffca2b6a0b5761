import { createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { createRunClock, NS_PER_MS } from '../core/time.ts';
import { ProbeRate } from './probe-rate.ts';
import {
  ANNOUNCED_AHEAD_NS,
  exponentialGapNs,
  LEAST_ANNOUNCED,
  MOST_ANNOUNCED,
  ProbeTimes,
} from './probe-schedule.ts';
import type { ProbeNews, ProbeStart } from './probe-thread.ts';

/** Probes between two turns of this thread's event loop, which it needs to let go of what was written. */
const PROBES_PER_TURN = 16;
const PROBE = Buffer.from([0]);

/** The thread that sends probes: sleeps to the next due time, writes a byte to each worker. */
const { originNs, shared, workers, ratePerSecond } = workerData as ProbeStart;
const port = parentPort!;
const clock = createRunClock(originNs);
const times = new ProbeTimes(shared);
/** Nobody wakes it: waiting for it is sleeping. */
const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
const rate = new ProbeRate(ratePerSecond);
const sockets: Socket[] = [];
let lastDueNs = 0;
let announcedPerSecond = ratePerSecond;

const server = createServer({ noDelay: true }, (socket) => {
  // A worker that has ended takes its socket with it.
  socket.on('error', () => socket.destroy());
  sockets.push(socket);
  if (sockets.length < workers) return;
  server.close();
  lastDueNs = clock.nowNs();
  turn();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('probes have no port');
  port.postMessage({ port: address.port } satisfies ProbeNews);
});

function turn(): void {
  for (let i = 0; i < PROBES_PER_TURN; i++) {
    const nowNs = clock.nowNs();
    const { seen } = times;
    const perSecond = rate.at(nowNs, seen);
    const isRaised = perSecond > 1.5 * announcedPerSecond;
    announcedPerSecond = perSecond;
    // The next one is not due yet, and comes sooner at the new rate: gaps of a Poisson process have no memory.
    if (isRaised && times.dueNs(times.sent) > nowNs) {
      times.takeBack();
      lastDueNs = nowNs;
    }
    while (lastDueNs < nowNs + ANNOUNCED_AHEAD_NS || times.announced < times.sent + LEAST_ANNOUNCED) {
      // After a long stop of the process there would be room for no more.
      if (times.announced >= times.sent + MOST_ANNOUNCED) break;
      lastDueNs += exponentialGapNs(perSecond, Math.random());
      times.announce(lastDueNs);
    }
    const remainingMs = (times.dueNs(times.sent) - nowNs) / NS_PER_MS;
    if (remainingMs > 0 && rate.isIdle) {
      times.sleepWhileIdle(seen, remainingMs);
      if (times.seen !== seen) continue;
    } else if (remainingMs > 0) Atomics.wait(sleeper, 0, 0, remainingMs);
    times.send(clock.nowNs());
    for (const socket of sockets) if (!socket.destroyed) socket.write(PROBE);
  }
  setImmediate(turn);
}
