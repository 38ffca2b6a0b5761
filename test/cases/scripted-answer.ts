import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { EventKind } from '../../src/core/event-types.ts';
import type { SeriesName } from '../../src/core/metric-catalogue.ts';
import { decodeBatch } from '../../src/events/columnar-codec.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';
import { event, ScriptedRun } from '../aggregator/scripted-run.ts';
import { type EngineOptions, LocalEngine, type SeenSample } from '../engine/harness.ts';
import { type RawRequest, type RawServer, startRawServer } from '../engine/raw-server.ts';

/** A step of a server: bytes of the body, a pause in ms, or something else. */
export type Step = string | Buffer | number | Raw | Act;

/** What happens to the message or the connection in place of more bytes. */
export interface Act {
  readonly act: 'end' | 'close' | 'reset' | 'hang';
}

export const END_HERE: Act = { act: 'end' };
export const CLOSE: Act = { act: 'close' };
export const RESET: Act = { act: 'reset' };
export const HANG: Act = { act: 'hang' };

/** Bytes of the connection, outside the framing of the body. */
export interface Raw {
  readonly raw: string | Buffer;
}

export interface Answer {
  /** Lines of the head behind the status line. */
  readonly head?: readonly string[];
  readonly status?: string;
  readonly version?: '1.0' | '1.1';
  /** How the body ends: chunked by default, by its length, or by the end of the connection. */
  readonly framing?: 'chunked' | 'length' | 'close';
  readonly isGzip?: boolean;
  readonly steps: readonly Step[];
}

/** Does the steps of an answer; the message ends behind the last one unless a step ended it or the connection. */
export async function give(socket: Socket, answer: Answer): Promise<void> {
  const { framing = 'chunked', steps } = answer;
  const body = steps.filter((step) => typeof step === 'string');
  const whole = answer.isGzip === true ? gzipSync(body.join('')) : Buffer.from(body.join(''));
  socket.write(headOf(answer, framing, whole.length));
  if (framing === 'length') {
    socket.write(whole);
    return;
  }
  for (const step of steps) {
    if (socket.destroyed) return;
    if (typeof step === 'number') await new Promise((over) => setTimeout(over, step));
    else if (typeof step === 'object' && 'act' in step) {
      if (step.act === 'close') socket.end();
      else if (step.act === 'reset') socket.resetAndDestroy();
      if (step.act !== 'end') return;
      break;
    } else if (typeof step === 'object' && 'raw' in step) socket.write(step.raw);
    else socket.write(framing === 'chunked' ? chunkOf(Buffer.from(step)) : step);
  }
  if (framing === 'chunked') socket.write('0\r\n\r\n');
  else socket.end();
}

function headOf(
  { status = '200 OK', head, version = '1.1', isGzip }: Answer,
  framing: string,
  length: number,
): string {
  return [
    `HTTP/${version} ${status}`,
    ...(head ?? ['Content-Type: text/event-stream']),
    ...(framing === 'chunked' ? ['Transfer-Encoding: chunked'] : []),
    ...(framing === 'length' ? [`Content-Length: ${length}`] : []),
    ...(isGzip === true ? ['Content-Encoding: gzip'] : []),
    '\r\n',
  ].join('\r\n');
}

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

export interface Played {
  readonly samples: readonly SeenSample[];
  readonly run: ScriptedRun;
  readonly server: RawServer;
  /** Values of a series over all samples. */
  readonly values: (name: SeriesName) => readonly number[];
}

/** Lets an engine send `count` requests one after another, and folds what it recorded. */
export async function play(
  answer: Answer | ((request: RawRequest) => Answer | undefined),
  options: Partial<EngineOptions> & { readonly count?: number } = {},
): Promise<Played> {
  const { count = 1, ...engineOptions } = options;
  const server = await startRawServer((request) => {
    const chosen = typeof answer === 'function' ? answer(request) : answer;
    if (chosen !== undefined) void give(request.socket, chosen);
  });
  const run = new ScriptedRun({ tokenCounter: null }).send(event(EventKind.sessionStartTracking, 0));
  const engine = new FoldedEngine(run, {
    urls: [server.url],
    streaming: true,
    requestTimeoutMs: 3000,
    ...engineOptions,
  });
  try {
    const samples = await engine.sendOneByOne(count);
    return { samples, run, server, values: (name) => run.values(name) ?? [] };
  } finally {
    engine.close();
    await server.close();
  }
}

class FoldedEngine extends LocalEngine {
  readonly #run: ScriptedRun;

  constructor(run: ScriptedRun, options: EngineOptions) {
    super(options);
    this.#run = run;
  }

  override addFrame(bytes: Uint8Array): void {
    super.addFrame(bytes);
    this.#run.aggregator.process(decodeBatch(bytes.subarray(FRAME_HEADER_BYTES)));
  }
}

/** Frames of a chat stream. */
export const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
export const delta = (fields: Record<string, unknown>, index = 0): string =>
  data({ id: 'x', choices: [{ index, delta: fields, finish_reason: null }] });
export const word = (content: string, index = 0): string => delta({ content }, index);
export const finish = (reason: unknown = 'stop', index = 0): string =>
  data({ id: 'x', choices: [{ index, delta: {}, finish_reason: reason }] });
export const usage = (prompt: number, completion: number, more: Record<string, unknown> = {}): string =>
  data({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion, ...more } });
export const DONE = 'data: [DONE]\n\n';
/** What ends a good stream. */
export const END: readonly string[] = [finish(), usage(4, 3), DONE];

export function textOf({ output }: SeenSample): string {
  return [output?.output ?? ''].flat().join('');
}

export function reasoningOf({ output }: SeenSample): string {
  return [output?.reasoning ?? ''].flat().join('');
}
