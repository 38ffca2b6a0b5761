/**
 * Makes the pictures of the README: runs the demo in a terminal (tmux), watches it from a second one, and draws what both show.
 *
 * Usage: npm run docs:pictures
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { terminalSvg } from './terminal-svg.ts';

const root = resolve(import.meta.dirname, '..');
const images = join(root, 'docs/images');
const program = join(root, 'bin/inferometer');
const socket = `inferometer-capture-${process.pid}`;
const tmux = (...args: string[]) =>
  execFileSync('tmux', ['-L', socket, ...args], { cwd: root, encoding: 'utf8' });
const capture = (session: string) => tmux('capture-pane', '-e', '-p', '-t', session);
const newestRun = () => readdirSync(join(root, 'runs')).sort().at(-1);

mkdirSync(images, { recursive: true });
try {
  tmux('new-session', '-d', '-s', 'demo', '-x', '104', '-y', '40', `${program} demo; sleep 60`);
  await sleep(8000);
  tmux(
    'new-session',
    '-d',
    '-s',
    'watch',
    '-x',
    '84',
    '-y',
    '20',
    `${program} watch runs/${newestRun()}; sleep 60`,
  );
  await sleep(8000);
  writeFileSync(join(images, 'watch.svg'), terminalSvg(capture('watch'), 'inferometer watch during a run'));
  for (let waited = 0; waited < 60 && !capture('demo').includes('report:'); waited++) await sleep(1000);
  const shown = capture('demo').split('\n');
  const verdict = shown.findIndex((line) => /VALID|DEGRADED|INVALID/.test(line));
  writeFileSync(
    join(images, 'demo.svg'),
    terminalSvg(shown.slice(verdict).join('\n'), 'the result of npm run demo'),
  );
} finally {
  tmux('kill-server');
}
