/**
 * A real LLM server for the end-to-end test: llama.cpp behind `POST /v1/chat/completions`, streaming and not, and what it told in all at `GET /usage`. A few sequences
 * share one context, so requests queue, batch and interleave as they do in production servers.
 *
 * Usage: server.main.ts MODULES_DIR MODEL.gguf; prints the port once it listens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The few parts of node-llama-cpp used here; it is installed outside the project's own dependencies. */
interface Sequence {
  dispose(): void;
}
interface Completion {
  generateCompletionWithMeta(
    input: string,
    options: {
      maxTokens: number;
      temperature: number;
      seed: number;
      onTextChunk(text: string): void;
      onToken(tokens: number[]): void;
    },
  ): Promise<{ metadata: { stopReason: string } }>;
  dispose(): void;
}
interface LlamaModule {
  readonly getLlama: (options: object) => Promise<{ loadModel(options: object): Promise<Model> }>;
  LlamaCompletion: new (options: { contextSequence: Sequence }) => Completion;
}
interface Model {
  tokenize(text: string): number[];
  createContext(options: object): Promise<{ getSequence(): Sequence }>;
}

interface ChatRequest {
  readonly messages: readonly { readonly content: string }[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly max_completion_tokens?: number;
}

const SEQUENCES = 4;
const [modulesDirectory, modelPath] = process.argv.slice(2) as [string, string];
const entry = resolve(modulesDirectory, 'node_modules/node-llama-cpp/dist/index.js');
const { getLlama, LlamaCompletion } = (await import(pathToFileURL(entry).href)) as LlamaModule;
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  logLevel: 'error',
  progressLogs: false,
});
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ sequences: SEQUENCES, contextSize: 1024, threads: 1 });

const idle: Sequence[] = Array.from({ length: SEQUENCES }, () => context.getSequence());
const waiting: ((sequence: Sequence) => void)[] = [];
const takeSequence = () => {
  const sequence = idle.pop();
  return sequence === undefined
    ? new Promise<Sequence>((resolve) => waiting.push(resolve))
    : Promise.resolve(sequence);
};
const giveBack = (sequence: Sequence) => {
  const next = waiting.shift();
  if (next === undefined) idle.push(sequence);
  else next(sequence);
};

let answered = 0;
/** What was told to clients in all. */
const totals = { answers: 0, prompt_tokens: 0, completion_tokens: 0 };

async function answer(request: ChatRequest, response: ServerResponse): Promise<void> {
  const prompt = request.messages.map((message) => message.content).join('\n');
  const id = `chatcmpl-${++answered}`;
  const sequence = await takeSequence();
  const completion = new LlamaCompletion({ contextSequence: sequence });
  let completionTokens = 0;
  let text = '';
  const frame = (delta: object, finishReason: string | null = null) =>
    response.write(
      `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`,
    );
  if (request.stream === true) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    frame({ role: 'assistant', content: '' });
  }
  const { metadata } = await completion.generateCompletionWithMeta(prompt, {
    maxTokens: request.max_completion_tokens ?? 32,
    temperature: 1,
    seed: answered,
    onToken: (tokens) => (completionTokens += tokens.length),
    onTextChunk: (chunk) => {
      text += chunk;
      if (request.stream === true) frame({ content: chunk });
    },
  });
  completion.dispose();
  giveBack(sequence);
  const finishReason = metadata.stopReason === 'maxTokens' ? 'length' : 'stop';
  const promptTokens = model.tokenize(prompt).length;
  totals.answers += 1;
  totals.prompt_tokens += promptTokens;
  totals.completion_tokens += completionTokens;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  if (request.stream === true) {
    frame({}, finishReason);
    if (request.stream_options?.include_usage === true) {
      response.write(
        `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
      );
    }
    response.end('data: [DONE]\n\n');
    return;
  }
  const message = { role: 'assistant', content: text };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      id,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: finishReason }],
      usage,
    }),
  );
}

async function bodyOf(request: IncomingMessage): Promise<ChatRequest> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as ChatRequest;
}

const server = createServer((request, response) => {
  if (request.url === '/usage') {
    response.end(JSON.stringify(totals));
    return;
  }
  bodyOf(request)
    .then((body) => answer(body, response))
    .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().on('end', () => process.exit(0));
