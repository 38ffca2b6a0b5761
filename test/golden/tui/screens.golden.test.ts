import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DashboardContent } from '../../../src/tui/content.ts';
import { dashboardLines } from '../../../src/tui/dashboard.ts';
import { plainText } from '../../../src/tui/paint.ts';
import { CONTENT, UPDATE as UPDATE_OF_RUN } from './made-up-run.ts';

/** `UPDATE_GOLDEN=1` writes what is found instead of comparing it: look at the difference before you commit it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

const WATCHING: DashboardContent = { ...CONTENT, controls: undefined };
const TALKING: DashboardContent = {
  ...CONTENT,
  update: {
    ...UPDATE_OF_RUN,
    view: {
      ...UPDATE_OF_RUN.view,
      requestedRatePerSecond: null,
      conversations: { begun: 512, completed: 460, failed: 2, underWay: 50 } },
  },
  controls: { isPaused: false, isStopping: false, ratePerSecond: null, concurrency: 50 },
};
const SCREENS: readonly (readonly [name: string, content: DashboardContent, width: number, height: number])[] =
  [
    ['run-80x24', CONTENT, 80, 24],
    ['run-120x35', { ...CONTENT, message: 'rate set to 44/s' }, 120, 35],
    ['run-200x50', CONTENT, 200, 50],
    ['run-60x12', CONTENT, 60, 12],
    ['watch-80x24', WATCHING, 80, 24],
    ['conversations-80x24', TALKING, 80, 24],
    ['verdict-80x24', { ...CONTENT, page: 'verdict' }, 80, 24],
    ['help-80x24', { ...CONTENT, page: 'help' }, 80, 24],
  ];

it.each(SCREENS)('%s', (name, content, width, height) => {
  const lines = dashboardLines(content, { width, height }).map(plainText);
  const path = join(import.meta.dirname, `${name}.txt`);
  if (UPDATE) writeFileSync(path, `${lines.join('\n')}\n`);
  expect(`${lines.join('\n')}\n`).toBe(readFileSync(path, 'utf8'));
});
