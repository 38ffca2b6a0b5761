import { parentPort, workerData } from 'node:worker_threads';
import { InferometerError } from '../core/errors.ts';
import type { TokenWorkerData, TokenWorkerReply, TokenWorkerRequest } from './token-worker-messages.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

/** Thread entry: loads the tokenizer, says so, then counts each batch of texts it is sent. */
const port = parentPort!;

function reply(message: TokenWorkerReply): void {
  port.postMessage(message);
}

function countOrNaN(tokenizer: Tokenizer, text: string): number {
  try {
    return tokenizer.countTokens(text);
  } catch {
    return NaN;
  }
}

try {
  const tokenizer = await loadTokenizer((workerData as TokenWorkerData).tokenizerPath);
  port.on('message', ({ id, texts }: TokenWorkerRequest) => {
    reply({ kind: 'counts', id, counts: Float64Array.from(texts, (text) => countOrNaN(tokenizer, text)) });
  });
  reply({ kind: 'ready' });
} catch (error) {
  if (!(error instanceof InferometerError)) throw error;
  reply({ kind: 'failed', code: error.code as `INFEROMETER_${string}`, message: error.message });
}
