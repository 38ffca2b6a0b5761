import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timedCommand } from '../../harness/cpu-time.ts';
import { requestBody } from '../canned-answers.ts';
import type { ClientResult } from './order.ts';

export const WRK_MISSING = 'wrk is not installed (Debian: apt-get install wrk)';

export function hasWrk(): boolean {
  return spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined;
}

/** wrk with one thread and the same request, made up once; its CPU time includes start and end. */
export async function runWrk(url: string, connections: number, measureMs: number): Promise<ClientResult> {
  const directory = mkdtempSync(join(tmpdir(), 'inferometer-bench-wrk-'));
  const script = join(directory, 'post.lua');
  writeFileSync(
    script,
    `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
wrk.headers["User-Agent"] = "inferometer"
wrk.body = [==[${requestBody(1, false).toString()}]==]
`,
  );
  const { stdout, cpuSeconds } = await timedCommand('wrk', [
    ...['-t1', `-c${connections}`, `-d${Math.ceil(measureMs / 1000)}s`],
    ...['-s', script, `${url}/v1/chat/completions`],
  ]);
  rmSync(directory, { recursive: true });
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? [];
  const errors = /Socket errors|Non-2xx/.exec(stdout);
  if (requests === undefined || errors !== null) throw new Error(`wrk failed: ${stdout}`);
  return { requests: Number(requests), chunks: 0, cpuSeconds, wallSeconds: Number(seconds) };
}
