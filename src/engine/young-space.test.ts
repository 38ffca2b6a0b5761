import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { MAIN_THREAD_FLAG, sizeYoungSpaces } from './young-space.ts';

const MB = 2 ** 20;

/** Keeps so much alive that V8 makes the young space as large as it may, and tells how large. */
const FILLS_YOUNG_SPACE = `
  const { getHeapSpaceStatistics } = require('node:v8');
  const kept = [];
  for (let i = 0; i < 9e6; i++) kept[i % 20000] = { i, list: [i] };
  const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  require('node:worker_threads').parentPort.postMessage(space_size);
`;

it('a thread that begins afterwards keeps its young space below the bound', async () => {
  sizeYoungSpaces(false);
  const worker = new Worker(FILLS_YOUNG_SPACE, { eval: true });
  const [bytes] = (await once(worker, 'message')) as [number];
  await worker.terminate();
  expect(bytes).toBeGreaterThan(16 * MB);
  expect(bytes).toBeLessThanOrEqual(64 * MB);
});

it.each(['bin/inferometer', 'src/cli/main.ts'])(
  '%s bounds the main thread by the flag known here',
  (path) => {
    const text = readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
    expect(text).toContain(`${MAIN_THREAD_FLAG}`);
  },
);
