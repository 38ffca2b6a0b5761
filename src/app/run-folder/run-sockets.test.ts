import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { identityOf } from './process-identity.ts';
import { createRunSockets } from './run-sockets.ts';

const NAMESPACE = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0];

const NOBODY = 65_534;

let parent: string;
/** The identity of a process that is gone, as names have it. */
let gone: string;

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'leftovers-'));
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const { pid, start_ticks: ticks } = identityOf(child.pid!);
  child.kill('SIGKILL');
  await once(child, 'exit');
  gone = `${pid}-${ticks}`;
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function leave(name: string): string {
  const path = join(parent, name);
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(path, 'ev_pub_01234567'), '');
  return path;
}

it('removes what killed runs left, and nothing else', async () => {
  const mine = identityOf(process.pid);
  const outside = leave('outside');
  const killed = leave(`inferometer-${gone}-${NAMESPACE}-aB3xYz`);
  symlinkSync(outside, join(killed, 'link'));
  // The number of a process is used again, at another time.
  const reused = leave(`inferometer-${mine.pid}-${mine.start_ticks! - 1}-${NAMESPACE}-aB3xYz`);
  const kept = [
    outside,
    leave(`inferometer-${mine.pid}-${mine.start_ticks}-${NAMESPACE}-aB3xYz`),
    // The system did not tell when it was started.
    leave(`inferometer-${mine.pid}-x-${NAMESPACE}-aB3xYz`),
    leave(`inferometer-${gone}-1${NAMESPACE}-aB3xYz`),
    leave(`inferometer-${gone}-aB3xYz`),
    leave('inferometer-aB3xYz'),
    leave(`inferometer-${gone}-${NAMESPACE}-aB3xYz-more`),
  ];
  const link = join(parent, `inferometer-${gone}-${NAMESPACE}-linked`);
  symlinkSync(outside, link);
  const file = join(parent, `inferometer-${gone}-${NAMESPACE}-asfile`);
  writeFileSync(file, '');

  const sockets = await createRunSockets(parent);
  expect([killed, reused].filter((path) => existsSync(path))).toEqual([]);
  for (const path of [...kept, link, file]) expect(existsSync(path), path).toBe(true);
  expect(existsSync(join(outside, 'ev_pub_01234567'))).toBe(true);

  const other = await createRunSockets(parent);
  expect(existsSync(sockets.path)).toBe(true);
  expect(basename(other.path)).toMatch(
    new RegExp(`^inferometer-${mine.pid}-${mine.start_ticks}-${NAMESPACE}-`),
  );
  await other.remove();
  await sockets.remove();
});

it.runIf(process.getuid?.() === 0)('leaves alone what belongs to another user', async () => {
  const others = leave(`inferometer-${gone}-${NAMESPACE}-aB3xYz`);
  chownSync(others, NOBODY, NOBODY);
  const sockets = await createRunSockets(parent);
  expect(existsSync(others)).toBe(true);
  await sockets.remove();
});
