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
  execFileSync('tmux', ['-f', '/dev/null', '-u', '-L', socket, ...args], { cwd: root, encoding: 'utf8' });
const capture = (session: string) => tmux('capture-pane', '-e', '-p', '-t', session);
const newestRun = () => readdirSync(join(root, 'runs')).sort().at(-1);

const waitForScreen = async (session: string, pattern: RegExp) => {
  for (let waited = 0; waited < 90; waited++) {
    if (pattern.test(capture(session))) return;
    await sleep(1000);
  }
  throw new Error(`no ${String(pattern)} on the screen:\n${capture(session)}`);
};

mkdirSync(images, { recursive: true });
try {
  tmux('new-session', '-d', '-s', 'demo', '-x', '104', '-y', '40', `${program} demo; sleep 60`);
  await waitForScreen('demo', /live · performance/);
  tmux(
    ...['new-session', '-d', '-s', 'watch', '-x', '120', '-y', '35'],
    `${program} watch runs/${newestRun()}; sleep 60`,
  );
  await waitForScreen('demo', / 0:1[3-6] elapsed/);
  tmux('send-keys', '-t', 'demo', '-l', 'mcache emptied');
  tmux('send-keys', '-t', 'demo', 'Enter');
  await waitForScreen('watch', / 0:(?:1[7-9]|2\d) elapsed/);
  writeFileSync(join(images, 'watch.svg'), terminalSvg(capture('watch'), 'inferometer watch during a run'));
  await waitForScreen('demo', /^report:/m);
  const shown = capture('demo').split('\n');
  const verdict = shown.findIndex((line) => /VALID|DEGRADED|INVALID/.test(line));
  writeFileSync(
    join(images, 'demo.svg'),
    terminalSvg(shown.slice(verdict).join('\n'), 'the result of npm run demo'),
  );
} finally {
  tmux('kill-server');
}
