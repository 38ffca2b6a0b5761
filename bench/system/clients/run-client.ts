import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClientOrder, ClientResult } from './order.ts';

const run = promisify(execFile);

export type ClientName = 'engine' | 'bare' | 'undici' | 'openai' | 'pacing';

/** Runs `<name>.main.ts` in a process of its own and returns the line it prints. */
export async function runClient<Result = ClientResult>(
  name: ClientName,
  order: ClientOrder | object,
  nodeFlags: readonly string[] = [],
): Promise<Result> {
  const path = join(import.meta.dirname, `${name}.main.ts`);
  const { stdout } = await run(process.execPath, [...nodeFlags, path, JSON.stringify(order)], {
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout) as Result;
}
