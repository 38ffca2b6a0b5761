import { join } from 'node:path';
import { createRequire } from 'node:module';
import { timedCommand } from '../../harness/cpu-time.ts';
import { requestBody } from '../canned-answers.ts';
import type { ClientResult } from './order.ts';

const COMMAND = join(createRequire(import.meta.url).resolve('autocannon/package.json'), '../autocannon.js');

/** The command autocannon as installed, without workers; its CPU time includes start and end. */
export async function runAutocannon(
  url: string,
  connections: number,
  measureMs: number,
): Promise<ClientResult> {
  const { stdout, stderr, cpuSeconds } = await timedCommand(process.execPath, [
    ...[COMMAND, '--json', '--method', 'POST', '--header', 'content-type=application/json'],
    ...['--connections', String(connections), '--duration', String(Math.ceil(measureMs / 1000))],
    ...['--body', requestBody(1, false).toString(), `${url}/v1/chat/completions`],
  ]);
  const result = JSON.parse(stdout || 'null') as {
    readonly '2xx': number;
    readonly errors: number;
    readonly duration: number;
  } | null;
  if (result === null || result.errors > 0) throw new Error(`autocannon failed: ${stdout}${stderr}`);
  return { requests: result['2xx'], chunks: 0, cpuSeconds, wallSeconds: result.duration };
}
