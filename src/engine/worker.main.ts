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
port.postMessage({ kind: 'ready' } satisfies WorkerNews);
