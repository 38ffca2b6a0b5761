import type { HttpVersion } from '../../../src/engine/settings.ts';

/** What a client is asked to do. */
export interface ClientOrder {
  readonly url: string;
  readonly connections: number;
  readonly streaming: boolean;
  /** Default 1. */
  readonly http?: HttpVersion;
  /** Of each answer, as the server gives it. */
  readonly answerBytes: number;
  readonly warmUp: WarmUp;
  readonly measureMs: number;
}

/**
 * What is done before it is measured: so many requests and chunks together, which is what an optimizing compiler waits for, but no
 * longer than that.
 */
export interface WarmUp {
  readonly answers: number;
  readonly maxMs: number;
}

/** V8 has settled by then; slow clients take the time, in which they don't get faster any more. */
export const WARM_UP: WarmUp = { answers: 150_000, maxMs: 8000 };
export const QUICK_WARM_UP: WarmUp = { answers: 30_000, maxMs: 1000 };

/** What it did while it measured. */
export interface ClientResult {
  readonly requests: number;
  readonly chunks: number;
  /** Of its whole process. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

/** What was done so far. */
export interface Progress {
  readonly requests: number;
  readonly chunks: number;
}

/** The order of a client's process. */
export function readOrder<Order = ClientOrder>(): Order {
  return JSON.parse(process.argv[2]!) as Order;
}

/** Gives the load time to warm up, measures, prints the result and ends the process. */
export async function measureAndExit(
  { warmUp, measureMs }: Pick<ClientOrder, 'warmUp' | 'measureMs'>,
  progress: () => Progress,
): Promise<never> {
  await warmedUp(warmUp, progress);
  const before = progress();
  const beforeMs = performance.now();
  const beforeCpu = process.cpuUsage();
  await delay(measureMs);
  const { user, system } = process.cpuUsage(beforeCpu);
  const after = progress();
  return exitWith({
    requests: after.requests - before.requests,
    chunks: after.chunks - before.chunks,
    cpuSeconds: (user + system) / 1e6,
    wallSeconds: (performance.now() - beforeMs) / 1000,
  } satisfies ClientResult);
}

async function warmedUp({ answers, maxMs }: WarmUp, progress: () => Progress): Promise<void> {
  const endMs = performance.now() + maxMs;
  while (performance.now() < endMs) {
    const { requests, chunks } = progress();
    if (requests + chunks >= answers) return;
    await delay(50);
  }
}

export async function exitWith(result: unknown): Promise<never> {
  await new Promise((done) => process.stdout.write(`${JSON.stringify(result)}\n`, done));
  process.exit(0);
}

function delay(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
