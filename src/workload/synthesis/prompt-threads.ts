import { Worker } from 'node:worker_threads';
import { entryModule } from '../../core/program-files.ts';
import type { MadeBlock, PromptWorkerData, PromptWorkerRequest } from './prompt-worker-messages.ts';

/** Tokens that a thread makes at a time, about. */
const BLOCK_TOKENS = 100_000;

/** Texts that threads have made, in UTF-8. Takes their bytes in memory, until they are read. */
export class MadeTexts {
  /** Whose length could not be made exact. */
  readonly inexact: number;
  readonly #blocks: (MadeBlock | undefined)[];
  #at = 0;

  constructor(blocks: readonly MadeBlock[]) {
    this.inexact = blocks.reduce((sum, block) => sum + block.inexact, 0);
    this.#blocks = [...blocks];
  }

  get count(): number {
    const last = this.#blocks.at(-1);
    return last === undefined ? 0 : last.from + last.ends.length;
  }

  /** Of all texts. */
  get byteLength(): number {
    return this.blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Those that were not read yet. */
  get blocks(): readonly MadeBlock[] {
    return this.#blocks.filter((block) => block !== undefined);
  }

  /** Where each text ends among the bytes of all. */
  ends(): Uint32Array<ArrayBuffer> {
    const ends = new Uint32Array(this.count);
    let start = 0;
    for (const block of this.blocks) {
      for (const [index, end] of block.ends.entries()) ends[block.from + index] = start + end;
      start += block.bytes.length;
    }
    return ends;
  }

  /** A text that lies behind those that were read before, which are given up. */
  text(text: number): string {
    let block = this.#blocks[this.#at]!;
    while (text >= block.from + block.ends.length) {
      this.#blocks[this.#at++] = undefined;
      block = this.#blocks[this.#at]!;
    }
    const index = text - block.from;
    const start = index === 0 ? 0 : block.ends[index - 1]!;
    return Buffer.from(block.bytes.buffer).toString('utf8', start, block.ends[index]);
  }
}

/**
 * Makes all texts of a source on as many threads, the same ones whatever the number of threads. `tokens`: about how many each text has.
 * Rejects with the first error of a thread, and leaves none behind.
 */
export async function textsOfThreads(
  data: PromptWorkerData,
  tokens: Uint32Array,
  threadCount: number,
): Promise<MadeTexts> {
  const requests = blocksOf(tokens);
  const made: MadeBlock[] = [];
  const workers = Array.from(
    { length: Math.min(threadCount, requests.length) },
    () => new Worker(entryModule('workload/synthesis/prompt-worker.main'), { workerData: data }),
  );
  let next = 0;
  const workThrough = async (worker: Worker): Promise<void> => {
    while (next < requests.length) {
      const index = next++;
      made[index] = await answerOf(worker, requests[index]!);
    }
  };
  try {
    await Promise.all(workers.map(workThrough));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return new MadeTexts(made);
}

function answerOf(worker: Worker, request: PromptWorkerRequest): Promise<MadeBlock> {
  const { promise, resolve, reject } = Promise.withResolvers<MadeBlock>();
  const onExit = () => reject(new Error('a thread that makes prompts has ended'));
  worker.once('message', resolve).once('error', reject).once('exit', onExit);
  worker.postMessage(request);
  return promise.finally(() => worker.off('message', resolve).off('error', reject).off('exit', onExit));
}

function blocksOf(tokens: Uint32Array): readonly PromptWorkerRequest[] {
  const blocks: PromptWorkerRequest[] = [];
  let from = 0;
  let sum = 0;
  for (const [text, count] of tokens.entries()) {
    sum += count;
    if (sum < BLOCK_TOKENS && text + 1 < tokens.length) continue;
    blocks.push({ from, to: text + 1 });
    [from, sum] = [text + 1, 0];
  }
  return blocks;
}
