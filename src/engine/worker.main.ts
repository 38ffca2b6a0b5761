import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { EngineWorker } from './engine-worker.ts';
import type { WorkerNews, WorkerOrder, WorkerStart } from './worker-messages.ts';

/** The thread of an engine worker: joins it to the port of its parent. */
const port = parentPort!;
const worker = new EngineWorker(workerData as WorkerStart, (news) => {
  if (news instanceof Uint8Array) port.postMessage(news, [news.buffer as ArrayBuffer]);
  else port.postMessage(news);
});
port.on('message', (order: WorkerOrder) => worker.take(order));
port.postMessage({ kind: 'ready', threadId: systemThreadId() } satisfies WorkerNews);

/** Linux tells a thread its own number in the name `PID/task/TID`. */
function systemThreadId(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}
