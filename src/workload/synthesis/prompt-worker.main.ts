import { parentPort, workerData } from 'node:worker_threads';
import { loadTokenizer } from '../../tokens/tokenizer.ts';
import { promptCounter } from './prompt-counter.ts';
import { PromptMaker } from './prompt-maker.ts';
import type { MadeBlock, PromptWorkerData, PromptWorkerRequest } from './prompt-worker-messages.ts';
import { TextMaker } from './text-maker.ts';

/** Thread entry: makes the texts it is sent the numbers of. An error ends the thread, and is that of whoever waits for it. */
const port = parentPort!;
const { source, exact } = workerData as PromptWorkerData;
const maker = new TextMaker(source);
const exactly =
  exact &&
  new PromptMaker(source.lexicon, promptCounter(await loadTokenizer(exact.tokenizerPath), exact.use));

port.on('message', ({ from, to }: PromptWorkerRequest) => {
  const before = exactly?.inexact ?? 0;
  const texts: string[] = [];
  for (let text = from; text < to; text++) {
    texts.push(
      exactly === undefined ? maker.text(text) : maker.exactText(text, exact!.tokens[text]!, exactly),
    );
  }
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [index, text] of texts.entries()) ends[index] = end += Buffer.byteLength(text);
  const bytes = new Uint8Array(end);
  const encoder = new TextEncoder();
  for (const [index, text] of texts.entries()) {
    encoder.encodeInto(text, bytes.subarray(index === 0 ? 0 : ends[index - 1]!));
  }
  const made: MadeBlock = { from, bytes, ends, inexact: (exactly?.inexact ?? 0) - before };
  port.postMessage(made, [bytes.buffer]);
});
