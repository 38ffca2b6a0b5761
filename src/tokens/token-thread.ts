import { Worker } from 'node:worker_threads';
import { InferometerError } from '../core/errors.ts';
import { entryModule } from '../core/program-files.ts';
import type { TokenWorkerData, TokenWorkerReply, TokenWorkerRequest } from './token-worker-messages.ts';

/** One thread with a tokenizer of its own. */
export class TokenThread {
  readonly #worker: Worker;
  readonly #start = Promise.withResolvers<void>();
  readonly #waiting = new Map<number, PromiseWithResolvers<Float64Array>>();
  #nextId = 0;
  #end: Error | undefined;

  private constructor(tokenizerPath: string) {
    const workerData: TokenWorkerData = { tokenizerPath };
    this.#worker = new Worker(entryModule('tokens/token-worker.main'), { workerData });
    this.#worker.on('message', (reply: TokenWorkerReply) => this.#onReply(reply));
    this.#worker.on('error', (error) =>
      this.#onEnd(error instanceof Error ? error : new Error(String(error))),
    );
    this.#worker.on('exit', () => this.#onEnd(new Error('the token thread has ended')));
  }

  /** Starts a thread and waits until its tokenizer is loaded; rejects with the tokenizer's input error. */
  static async start(tokenizerPath: string): Promise<TokenThread> {
    const thread = new TokenThread(tokenizerPath);
    await thread.#start.promise;
    thread.#worker.unref();
    return thread;
  }

  /** Counts texts after those sent before; rejects when the thread ends first. */
  count(texts: readonly string[]): Promise<Float64Array> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const request: TokenWorkerRequest = { id: this.#nextId++, texts };
    const answer = Promise.withResolvers<Float64Array>();
    this.#waiting.set(request.id, answer);
    this.#worker.ref();
    this.#worker.postMessage(request);
    return answer.promise;
  }

  /** Ends the thread at once. Idempotent. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #onReply(reply: TokenWorkerReply): void {
    switch (reply.kind) {
      case 'ready':
        this.#start.resolve();
        return;
      case 'failed':
        this.#onEnd(new InferometerError(reply.code, 'input', reply.message));
        return;
      case 'counts':
        this.#waiting.get(reply.id)?.resolve(reply.counts);
        this.#waiting.delete(reply.id);
        if (this.#waiting.size === 0) this.#worker.unref();
    }
  }

  #onEnd(error: Error): void {
    this.#end ??= error;
    this.#start.reject(this.#end);
    for (const answer of this.#waiting.values()) answer.reject(this.#end);
    this.#waiting.clear();
  }
}
