/**
 * Loaded into the program under test before its own modules (`node --import`), in each of its threads: an engine thread stops turning its
 * event loop once the file named by `STUCK_FILE` says `stuck`, for 3 s and until it says something else, but for 8 s at most.
 */
import { readFileSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const path = process.env['STUCK_FILE']!;
const LEAST_MS = 3000;
const MOST_MS = 8000;

if (!isMainThread && (workerData as { workerIndex?: number } | null)?.workerIndex !== undefined) {
  const timer = setInterval(() => {
    if (!isToBeStuck()) return;
    clearInterval(timer);
    const startMs = performance.now();
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    const elapsedMs = () => performance.now() - startMs;
    while (elapsedMs() < LEAST_MS || (isToBeStuck() && elapsedMs() < MOST_MS)) {
      Atomics.wait(sleeper, 0, 0, 50);
    }
  }, 20);
  timer.unref();
}

function isToBeStuck(): boolean {
  try {
    return readFileSync(path, 'utf8') === 'stuck';
  } catch {
    return false;
  }
}
