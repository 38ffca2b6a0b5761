/** undici's Pool as one would use it for speed: one pool, an answer read as text; a stream is cut into messages at its empty lines. */
import { Pool } from 'undici';
import { MESSAGES_WITHOUT_TEXT, requestBody } from '../canned-answers.ts';
import { measureAndExit, readOrder } from './order.ts';

const STAMPS = 2 ** 16;

const order = readOrder();
const { url, connections, streaming } = order;
const pool = new Pool(url, { connections, pipelining: 1 });
const body = requestBody(1, streaming).toString();
const headers = {
  'content-type': 'application/json',
  accept: streaming ? 'text/event-stream' : 'application/json',
};
const stampsMs = new Float64Array(STAMPS);
let requests = 0;
let messages = 0;

for (let connection = 0; connection < connections; connection++) void repeat();
await measureAndExit(order, () => ({
  requests,
  chunks: streaming ? messages - requests * MESSAGES_WITHOUT_TEXT : 0,
}));

async function repeat(): Promise<never> {
  for (;;) {
    const response = await pool.request({ path: '/v1/chat/completions', method: 'POST', headers, body });
    if (streaming) await readStream(response.body);
    else await response.body.text();
    requests += 1;
  }
}

async function readStream(chunks: AsyncIterable<Buffer>): Promise<void> {
  let rest = '';
  for await (const chunk of chunks) {
    const nowMs = performance.now();
    const parts = (rest + chunk.toString('latin1')).split('\n\n');
    rest = parts.pop()!;
    for (let part = 0; part < parts.length; part++) stampsMs[messages++ % STAMPS] = nowMs;
  }
}
