import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { markOfFrame } from '../../src/app/run-folder/run-marks.ts';
import type { RunMark } from '../../src/core/run-history.ts';
import { readFrames } from '../../src/runlog/read.ts';
import { waitFor, Workbench } from './program.ts';
import { tmuxMissing, TmuxTerminal, type TerminalOptions, type TerminalSize } from './tmux.ts';

const missing = tmuxMissing();
const SMALL: TerminalSize = { width: 80, height: 24 };
const LARGE: TerminalSize = { width: 200, height: 50 };
const NAME = missing === undefined ? 'terminal' : `terminal (skipped: ${missing})`;

/** Where one test happens: its files, programs and terminals, all gone at its end. */
class Place extends Workbench {
  readonly #terminals: TmuxTerminal[] = [];

  static async use(body: (place: Place) => Promise<void>): Promise<void> {
    const place = new Place();
    try {
      await body(place);
    } finally {
      await place.end();
    }
  }

  open(
    size: TerminalSize,
    args: readonly string[],
    options: Omit<TerminalOptions, 'directory'> = {},
  ): TmuxTerminal {
    const name = `${basename(this.path)}-${this.#terminals.length}`;
    const terminal = new TmuxTerminal(name, size, args, { ...options, directory: this.path });
    this.#terminals.push(terminal);
    return terminal;
  }

  /** Arguments of a run that goes on for longer than any test. */
  async loadArgs(...load: readonly string[]): Promise<string[]> {
    const url = await this.mock('--ttft', 'fixed:20', '--inter-token', 'fixed:2');
    return [
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', this.dataset(20), '--out', 'run'],
      ...['--duration', '600s', ...load],
    ];
  }

  async marks(): Promise<RunMark[]> {
    const found: RunMark[] = [];
    for await (const frame of readFrames(this.file('run/run.log'))) {
      const mark = markOfFrame(frame);
      if (mark !== undefined) found.push(mark);
    }
    return found;
  }

  override async end(): Promise<void> {
    for (const terminal of this.#terminals) terminal.end();
    await super.end();
  }
}

describe.skipIf(missing !== undefined)(NAME, { timeout: 150_000, concurrent: true }, () => {
  it('steers an open-loop run at 80×24', () =>
    Place.use(async (place) => {
      const terminal = place.open(SMALL, await place.loadArgs('--rate', '20'));
      await terminal.waitForText(/live · performance/);
      await terminal.waitForText(/▸TTFT +[\d.]+ [mµ]s/);
      await terminal.waitForText(/Rate +20\/s asked/);
      await terminal.waitForText(/TTFT {2}\d+ values/);

      terminal.press('p');
      await terminal.waitForText(/‖ PAUSED/);
      await terminal.waitForText(/In flight +0 /);
      await terminal.waitForText(/Marks .*‖ \d:\d\d pause/);
      terminal.press('p');
      await terminal.waitForText(/● live/);

      terminal.type('+');
      await terminal.waitForText(/Rate +22\/s asked/);
      terminal.type('r30');
      await terminal.waitForText(/arrivals a second: 30▏/);
      terminal.press('Enter');
      await terminal.waitForText(/Rate +30\/s asked/);

      terminal.type('mserver restarted, p');
      await terminal.waitForText(/note: server restarted, p▏/);
      terminal.press('Enter');
      await terminal.waitForText(/◆ \d:\d\d server restarted, p/);

      terminal.press('Tab');
      await terminal.waitForText(/▸(?!TTFT)/);
      terminal.type('?');
      await terminal.waitForText(/Reading it/);
      terminal.type('x');
      await terminal.waitForText(/s stop/);

      terminal.type('s');
      await terminal.waitForText(/drain the \d+ in flight and report\?/);
      terminal.type('y');
      await terminal.waitForText(/exit code 130/, 40_000);
      // The dashboard is gone, the result stays, and what was said meanwhile stands above it.
      expect(terminal.history()).toMatch(/note: server restarted, p[^]*report: run\/report\.html/);
      expect(terminal.history()).not.toContain('elapsed ·');

      const kinds = (await place.marks()).map(({ kind, value, text }) => [kind, value, text]);
      expect(kinds).toEqual([
        ['phase', null, 'performance'],
        ['pause', null, ''],
        ['resume', null, ''],
        ['rate', 22, ''],
        ['rate', 30, ''],
        ['note', null, 'server restarted, p'],
        ['stop', null, ''],
      ]);
    }));

  it('steers a closed-loop run at 200×50 and follows the size of its terminal', () =>
    Place.use(async (place) => {
      const terminal = place.open(
        LARGE,
        await place.loadArgs('--pattern', 'concurrency', '--concurrency', '4'),
      );
      await terminal.waitForText(/In flight +\d of 4 requested/);
      // How many others there is room for depends on how much the verdict says.
      const firstChart = /TTFT {2}[\d,]+ values.*TTFT p99/;
      await terminal.waitForText(firstChart);
      terminal.type('+');
      await terminal.waitForText(/In flight +\d of 5 requested/);
      await terminal.waitForText(/± \d:\d\d concurrency 5/);

      terminal.resize({ width: 70, height: 10 });
      await terminal.waitForText(/^.*● live · performance.*\n[^]*p pause .*\n$/);
      expect(terminal.text().split('\n').length - 1).toBe(10);
      expect(terminal.text()).not.toMatch(firstChart);
      terminal.resize(LARGE);
      await terminal.waitForText(firstChart);

      terminal.press('C-c');
      await terminal.waitForText(/exit code 130/, 40_000);
      expect(terminal.history()).toContain('stopping: no new requests');
    }));

  it('is watched from another terminal, which leaves again', () =>
    Place.use(async (place) => {
      const run = place.start(await place.loadArgs('--rate', '20'), {}, place.path);
      await run.waitForOutput(/measuring/);
      const watcher = place.open(SMALL, ['watch', 'run']);
      await watcher.waitForText(/live · performance/);
      await watcher.waitForText(/▸TTFT +[\d.]+ [mµ]s/);
      watcher.type('p');
      await watcher.waitForText(/only watching/);
      watcher.type('q');
      await watcher.waitForText(/exit code 0/);
      expect(watcher.history()).toMatch(/In flight/);
      expect(run.child.exitCode).toBeNull();
      run.child.kill('SIGINT');
      expect((await run.finished).code).toBe(130);
    }));

  it('has no colours with NO_COLOR, and colours without', () =>
    Place.use(async (place) => {
      const args = await place.loadArgs('--rate', '20');
      const terminal = place.open(SMALL, args, { environment: { NO_COLOR: '1' } });
      await terminal.waitForText(/TTFT {2}\d+ values/);
      // Bold, dim and inverse are no colours; 30 to 107 and 38;5;n are.
      expect(terminal.painted()).not.toMatch(/\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10\d)[;m]/);
      const coloured = place.open(SMALL, ['watch', 'run'], { environment: { FORCE_COLOR: '2' } });
      await coloured.waitForText(/TTFT {2}\d+ values/);
      expect(coloured.painted()).toMatch(/\[38;5;\d+m/);
      const sixteen = place.open(SMALL, ['watch', 'run'], { environment: { FORCE_COLOR: '1' } });
      await sixteen.waitForText(/TTFT {2}\d+ values/);
      expect(sixteen.painted()).toMatch(/\[36m/);
      expect(sixteen.painted()).not.toMatch(/\[38;5;/);
    }));

  it('is drawn at the usual size where a terminal says it has 0 columns', () =>
    Place.use(async (place) => {
      const args = await place.loadArgs('--rate', '20');
      const terminal = place.open(LARGE, args, { before: 'stty cols 0 rows 0' });
      await terminal.waitForText(/TTFT {2}\d+ values/);
      expect(
        Math.max(
          ...terminal
            .text()
            .split('\n')
            .map((line) => line.length),
        ),
      ).toBeLessThanOrEqual(80);
    }));

  it('ends with a report when its terminal is closed', () =>
    Place.use(async (place) => {
      const terminal = place.open(SMALL, await place.loadArgs('--rate', '20'));
      await terminal.waitForText(/TTFT {2}\d+ values/);
      terminal.end();
      const outcome = () => place.tryJson<{ outcome: { state: string } }>('run/run.json')?.outcome.state;
      expect(await waitFor(() => outcome() !== 'running' && outcome(), 'end of the run', 40_000)).toBe(
        'stopped_early',
      );
      expect(existsSync(place.file('run/report.txt'))).toBe(true);
    }));
});
