/**
 * A server of conversations that knows what it said: each answer is made from the messages before it, so a history that repeats another one is
 * found out, however long the conversation. One turn in 499 fails with a status, one in 997 is cut off in the middle.
 *
 * `GET /` tells what it has seen. Prints its port.
 */
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerCounts } from './conversation-server.ts';

const FIRST_CHUNK_MS = 20;
const GAP_MS = 10;
const FAILS_ONE_IN = 499;
const IS_CUT_ONE_IN = 997;
const DIGEST_LETTERS = 16;
const END =
  'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

interface Message {
  readonly role: string;
  readonly content: string;
}

const counts = { requests: 0, answered: 0, failed: 0, cut: 0, wrongHistories: 0 };

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify(counts satisfies ServerCounts));
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => void answer(Buffer.concat(parts).toString(), response));
});
// Nothing is to be sent on a connection that is being closed.
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

async function answer(body: string, response: ServerResponse): Promise<void> {
  counts.requests += 1;
  const { messages } = JSON.parse(body) as { readonly messages: readonly Message[] };
  const { digest, isRight } = read(messages);
  if (!isRight) counts.wrongHistories += 1;
  const draw = parseInt(digest.slice(0, 8), 16);
  if (draw % FAILS_ONE_IN === 0) {
    counts.failed += 1;
    response.writeHead(500).end('on purpose');
    return;
  }
  const pieces = textOf(digest).split(/(?= )/);
  const isCut = draw % IS_CUT_ONE_IN === 0;
  await sleep(FIRST_CHUNK_MS);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await sleep(GAP_MS);
    if (isCut && index === 2) {
      counts.cut += 1;
      response.destroy();
      return;
    }
    const choices = [{ index: 0, delta: { content: piece }, finish_reason: null }];
    response.write(`data: ${JSON.stringify({ object: 'chat.completion.chunk', choices })}\n\n`);
  }
  counts.answered += 1;
  response.end(END);
}

/** What all messages come to, and whether each that is said to be an answer is the one that was given. */
function read(messages: readonly Message[]): { readonly digest: string; readonly isRight: boolean } {
  let digest = '';
  let isRight = messages.length % 2 === 1;
  for (const [index, { role, content }] of messages.entries()) {
    const isAnswer = index % 2 === 1;
    if (role !== (isAnswer ? 'assistant' : 'user')) isRight = false;
    if (isAnswer && content !== textOf(digest)) isRight = false;
    digest = createHash('sha1').update(digest).update(content).digest('hex').slice(0, DIGEST_LETTERS);
  }
  return { digest, isRight };
}

function textOf(digest: string): string {
  return `It depends on ${digest}`;
}
