/** What a client is asked to do. */
export interface ClientOrder {
  readonly url: string;
  readonly connections: number;
  readonly streaming: boolean;
  /** Of each answer, as the server gives it. */
  readonly answerBytes: number;
  /** First do it for so long, then measure for so long. */
  readonly warmMs: number;
  readonly measureMs: number;
}

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
  { warmMs, measureMs }: Pick<ClientOrder, 'warmMs' | 'measureMs'>,
  progress: () => Progress,
): Promise<never> {
  await delay(warmMs);
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

export async function exitWith(result: unknown): Promise<never> {
  await new Promise((done) => process.stdout.write(`${JSON.stringify(result)}\n`, done));
  process.exit(0);
}

function delay(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
