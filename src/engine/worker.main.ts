import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { PluginFiles } from '../core/plugin-module.ts';
import type { ApiAdapter } from '../protocol/adapter.ts';
import { registerAdapters } from '../protocol/plugin-adapters.ts';
import { EngineWorker } from './engine-worker.ts';
import type { WorkerNews, WorkerOrder, WorkerStart } from './worker-messages.ts';

/** The thread of an engine worker: joins it to the port of its parent. */
const port = parentPort!;
const start = workerData as WorkerStart;
if (start.settings.plugins !== undefined) await loadAdapters(start.settings.plugins);
const worker = new EngineWorker(start, (news) => {
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

/** Main has checked them: what is no plugin does not come here. */
async function loadAdapters({ files, toolkit }: PluginFiles): Promise<void> {
  const { importPlugin } = await import('../core/plugin-module.ts');
  for (const url of files) {
    const { apis = [] } = (await importPlugin(url, toolkit)) as { readonly apis?: readonly ApiAdapter[] };
    registerAdapters(apis);
  }
}
