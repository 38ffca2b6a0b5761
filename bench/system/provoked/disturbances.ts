import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** What is done to the client while it measures. */
export interface Disturbance {
  readonly name: string;
  /** Added to the mock server's flags. */
  readonly mockFlags?: readonly string[];
  /** Preloaded by the client. */
  readonly preload?: string;
  /** Begins when the client runs; returns how to end it. `directory` is for files. */
  readonly begin?: (client: ChildProcess, cpu: number, directory: string) => () => void;
}

/** Everything the matrix is made of; the first does nothing. */
export const DISTURBANCES: readonly Disturbance[] = [
  { name: 'none' },
  { name: 'neighbor on the core', begin: (_client, cpu) => neighbor(cpu, 100, 0) },
  { name: 'neighbor half the time', begin: (_client, cpu) => neighbor(cpu, 60, 60) },
  {
    name: 'stopped 20-60 ms, often',
    begin: (client) => stops(client, () => [250 + 300 * Math.random(), 20 + 40 * Math.random()]),
  },
  {
    name: 'stopped 300 ms, seldom',
    begin: (client) => stops(client, () => [1200 + 800 * Math.random(), 300]),
  },
  { name: 'CPU quota 60 %', begin: (client) => stops(client, () => [60, 40]) },
  { name: 'garbage collection', preload: join(import.meta.dirname, 'gc-pressure.preload.mjs') },
  { name: 'writes of 16 bytes', mockFlags: ['--write-bytes', '16'] },
  { name: 'bursts of log writes', begin: (_client, cpu, directory) => logWrites(cpu, directory) },
];

/** A process that alternates between computing on a CPU and resting. */
function neighbor(cpu: number, busyMs: number, restMs: number): () => void {
  const script = `for (;;) { const end = performance.now() + ${busyMs}; while (performance.now() < end); if (${restMs} > 0) await new Promise((r) => setTimeout(r, ${restMs})); }`;
  const child = spawn('taskset', ['-c', String(cpu), process.execPath, '--input-type=module', '-e', script], {
    stdio: 'ignore',
  });
  return () => void child.kill('SIGKILL');
}

/** Stops the whole client and lets it go on: `next` says for how long each, ms. Also how a quota of the CPU shows to who has one. */
function stops(client: ChildProcess, next: () => readonly [runMs: number, stopMs: number]): () => void {
  let timer: NodeJS.Timeout | undefined;
  const run = () => {
    const [runMs, stopMs] = next();
    timer = setTimeout(() => {
      client.kill('SIGSTOP');
      timer = setTimeout(() => {
        client.kill('SIGCONT');
        run();
      }, stopMs);
    }, runMs);
  };
  run();
  return () => {
    clearTimeout(timer);
    client.kill('SIGCONT');
  };
}

/** A process on the client's CPU that writes 4 MB to the disk and waits for it, five times a second. */
function logWrites(cpu: number, directory: string): () => void {
  const path = join(directory, 'written.log');
  const script = `import fs from 'node:fs'; const b = Buffer.alloc(65536, 'x'); setInterval(() => { const f = fs.openSync(${JSON.stringify(path)}, 'w'); for (let i = 0; i < 64; i++) fs.writeSync(f, b); fs.fsyncSync(f); fs.closeSync(f); }, 200);`;
  const child = spawn('taskset', ['-c', String(cpu), process.execPath, '--input-type=module', '-e', script], {
    stdio: 'ignore',
  });
  return () => {
    child.kill('SIGKILL');
    rmSync(path, { force: true });
  };
}
