/** The OpenAI SDK in a loop, as a script would use it to load a server. */
import OpenAI from 'openai';
import { measureAndExit, readOrder } from './order.ts';

const order = readOrder();
const { url, connections, streaming } = order;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const request = { model: 'm', messages: [{ role: 'user' as const, content: '#1 hello' }] };
let requests = 0;
let chunks = 0;

for (let connection = 0; connection < connections; connection++) void repeat();
await measureAndExit(order, () => ({ requests, chunks }));

async function repeat(): Promise<never> {
  for (;;) {
    if (streaming) await readStream();
    else await client.chat.completions.create(request);
    requests += 1;
  }
}

async function readStream(): Promise<void> {
  const stream = await client.chat.completions.create({ ...request, stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) chunks += 1;
  }
}
