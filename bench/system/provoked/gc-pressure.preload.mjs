// Loaded by the client ahead of everything: makes the heap of each engine thread large and short of air, so that its collector works.
import { isMainThread, workerData } from 'node:worker_threads';

if (!isMainThread && workerData?.workerIndex !== undefined) {
  const kept = [];
  const allocate = () => {
    for (let i = 0; i < 20_000; i++) kept.push({ i, text: `${i}`, next: kept.at(-1) });
    if (kept.length > 1_000_000) kept.length = 0;
  };
  setInterval(allocate, 20).unref();
}
