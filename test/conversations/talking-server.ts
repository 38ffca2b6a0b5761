import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RandomSource } from '../../src/core/random.ts';
import { monotonicNs } from '../../src/core/time.ts';

/** A message as the server answers with it, and as a history should repeat it. */
export interface Spoken {
  readonly content: string | null;
  readonly reasoning?: string;
  readonly toolCalls?: readonly Record<string, unknown>[];
}

export interface Exchange {
  /** As it was received. */
  readonly body: string;
  readonly receivedNs: bigint;
  readonly spoken: Spoken;
}

export interface TalkingServer {
  readonly url: string;
  /** In order of arrival. */
  readonly exchanges: readonly Exchange[];
  close(): Promise<void>;
}

const PIECES = [
  ...[
    'plain words',
    ' "quoted" ',
    '\\',
    '\n\t',
    '\u0000\u001f',
    'déjà vu',
    '日本語',
    '🙂🙃',
    '\u2028',
    '</script>',
    '\ud800',
  ],
];

/** Says things that are hard to repeat: escapes, characters of several bytes, tool calls with JSON in JSON. */
export function trickySpeech(seed: number): Spoken {
  const random = new RandomSource(seed);
  const some = (most: number) =>
    Array.from({ length: random.below(most) }, () => PIECES[random.below(PIECES.length - 1)]!).join('');
  const calls = Array.from({ length: random.below(3) }, (_, index) => ({
    id: `call_${seed}_${index}`,
    type: 'function',
    function: { name: `tool${index}`, arguments: JSON.stringify({ query: some(4), n: index }) },
  }));
  const hasCalls = calls.length > 0 && seed % 3 === 0;
  return {
    content: hasCalls && seed % 2 === 0 ? null : `r${seed}:${some(8)}`,
    ...(seed % 5 === 0 ? { reasoning: `thought ${some(3)}` } : {}),
    ...(hasCalls ? { toolCalls: calls } : {}),
  };
}

/**
 * Answers chat completions with `speak`, streamed where that is asked for, and keeps what was said. Undefined is a failure: status 500.
 */
export async function startTalkingServer(
  speak: (body: Record<string, unknown>, count: number) => Spoken | undefined = (_, count) =>
    trickySpeech(count),
  delayMs: (count: number) => number = () => 0,
): Promise<TalkingServer> {
  const exchanges: Exchange[] = [];
  const server: Server = createServer((request, response) => {
    const receivedNs = monotonicNs();
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const body = JSON.parse(text) as Record<string, unknown>;
      const count = exchanges.length;
      const spoken = speak(body, count);
      exchanges.push({ body: text, receivedNs, spoken: spoken ?? { content: null } });
      setTimeout(() => {
        if (spoken === undefined) response.writeHead(500).end('no');
        else if (body.stream === true) {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          for (const frame of framesOf(spoken)) response.write(`data: ${JSON.stringify(frame)}\n\n`);
          response.end('data: [DONE]\n\n');
        } else
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify(replyOf(spoken)));
      }, delayMs(count));
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function replyOf({ content, reasoning, toolCalls }: Spoken) {
  const message = {
    role: 'assistant',
    content,
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }),
  };
  return { object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] };
}

/** Texts in pieces of a few characters, arguments of tool calls in halves. */
function framesOf({ content, reasoning, toolCalls = [] }: Spoken) {
  const deltas: Record<string, unknown>[] = [];
  if (reasoning !== undefined) deltas.push({ reasoning_content: reasoning });
  for (const piece of content?.match(/[^]{1,7}/gu) ?? []) deltas.push({ content: piece });
  for (const [index, call] of toolCalls.entries()) {
    const { name, arguments: text } = call.function as { name: string; arguments: string };
    const half = Math.floor(text.length / 2);
    deltas.push({
      tool_calls: [
        { index, id: call.id, type: 'function', function: { name, arguments: text.slice(0, half) } },
      ],
    });
    deltas.push({ tool_calls: [{ index, function: { arguments: text.slice(half) } }] });
  }
  const frames = deltas.map((delta) => ({ object: 'chat.completion.chunk', choices: [{ index: 0, delta }] }));
  return [
    ...frames,
    { object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ];
}

/** What the history of a chat holds of it. */
export function repeated({ content, toolCalls }: Spoken): Record<string, unknown> {
  return {
    role: 'assistant',
    content,
    ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }),
  };
}
