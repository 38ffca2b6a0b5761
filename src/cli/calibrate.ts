import { loadavg } from 'node:os';
import { styleText } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { calibrateCell } from '../app/calibration/calibrate.ts';
import { defaultCalibrationPath, machineClass, saveCalibration } from '../app/machine/calibration-file.ts';
import { cellTiming, FULL_GRID, parseGrid, QUICK_GRID, type GridCell } from '../app/calibration/grid.ts';
import { createLog } from '../core/log.ts';
import { countText, durationText, NOT_AVAILABLE, numberText, settingText } from '../core/quantity-text.ts';
import { entryModule } from '../core/program-files.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_MS } from '../core/time.ts';
import type { CalibratedCell, SeriesError } from '../report/error-bound.ts';
import { amountText } from '../report/error-bound-text.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText } from './flag-values.ts';
import { useColour } from './terminal.ts';

interface Flags {
  readonly quick?: boolean;
  readonly grid?: string;
  readonly out?: string;
}

const MEASURED_MS = 5000;
const QUICK_MEASURED_MS = 3000;
/** To start the server and the run of a cell, and to compare. */
const CELL_OVERHEAD_MS = 1500;
/** A machine with more to do than this share of its cores gives wider bounds than it could. */
const BUSY_SHARE = 0.5;

export function calibrateCommand(finish: (exitCode: number) => void): Command {
  return createCommand('calibrate', COMMANDS.calibrate, [
    'inferometer calibrate',
    'inferometer calibrate --quick',
    'inferometer calibrate --grid 125x250x10   # 250 streams of 100 chunks/s',
    'inferometer calibrate --grid 5x50x25,20x400x25   # added to the others',
  ])
    .option('--quick', 'three loads of 3 s instead of nine of 5 s')
    .option('--grid <cells>', 'loads of your own: REQUESTS/S x STREAMS x MS between chunks, commas between')
    .option(
      '--out <file>',
      'file of the calibration (INFEROMETER_CALIBRATION; default ~/.local/state/inferometer/calibration.json)',
    )
    .action(async (flags: Flags) => finish(await calibrate(flags)));
}

async function calibrate(flags: Flags): Promise<number> {
  const isQuick = flags.quick === true;
  const grid = flags.grid === undefined ? (isQuick ? QUICK_GRID : FULL_GRID) : parseGrid(flags.grid);
  const measuredMs = isQuick ? QUICK_MEASURED_MS : MEASURED_MS;
  const path =
    givenText('--out', flags.out, 'a file to keep the calibration in') ?? defaultCalibrationPath(process.env);
  const cells = await measureGrid(grid, measuredMs, path);
  const [head, ...rows] = calibrationTable(cells);
  const dim = (text: string) =>
    useColour(process.stdout) ? styleText('dim', text, { validateStream: false }) : text;
  process.stdout.write(`\n${[dim(head!), ...rows].join('\n')}\n\n`);
  process.stdout.write(`Errors are reported minus true, the loopback's own time included.\nsaved: ${path}\n`);
  return 0;
}

/** Each cell is saved when it is measured, so that Ctrl-C costs no more than the one under way. */
async function measureGrid(
  grid: readonly GridCell[],
  measuredMs: number,
  path: string,
): Promise<readonly CalibratedCell[]> {
  const progress = (text: string) => process.stderr.write(text);
  // A warning in the middle of a line waits for its end.
  const warnings: string[] = [];
  const log = createLog((line) => warnings.push(`${line}\n`), 'warning');
  const tellWarnings = () => progress(warnings.splice(0).join(''));
  const program = fileURLToPath(entryModule('cli/main'));
  const machine = machineClass();
  // A file that can't be written is better known now than after the first cell.
  await saveCalibration(path, machine, []);
  progress(`calibrating ${machine.cpu}, ${machine.cores} cores; about ${timeText(grid, measuredMs)}\n`);
  progress(busyWarning(machine.cores));
  const cells: CalibratedCell[] = [];
  for (const [index, cell] of grid.entries()) {
    progress(`${`${index + 1}/${grid.length}`.padStart(5)}  ${cellText(cell)}: `);
    let result = '';
    try {
      const calibrated = await calibrateCell(cell, { program, measuredMs, log });
      await saveCalibration(path, machine, [calibrated]);
      cells.push(calibrated);
      result = resultText(calibrated);
    } finally {
      progress(`${result}\n`);
      tellWarnings();
    }
  }
  return cells;
}

function timeText(grid: readonly GridCell[], measuredMs: number): string {
  const totalNs = grid.reduce((sum, cell) => {
    const { rampNs, measuredNs } = cellTiming(cell, measuredMs);
    // The drain takes about as long as the ramp.
    return sum + 1.7 * rampNs + measuredNs + CELL_OVERHEAD_MS * NS_PER_MS;
  }, 0);
  return durationText(Math.ceil(totalNs / 1e9) * 1e9).replace(/\.\d+/, '');
}

function busyWarning(cores: number): string {
  const [load = 0] = loadavg();
  return load <= BUSY_SHARE * cores
    ? ''
    : `warning: the machine is busy (load ${numberText(load)} on ${cores} cores): bounds will be wide\n`;
}

function cellText({ requestsPerSecond, streams, intervalMs }: GridCell): string {
  return `${settingText(requestsPerSecond)} req/s, ${settingText(streams)} streams, chunk each ${settingText(intervalMs)} ms`;
}

function resultText({ ttft }: CalibratedCell): string {
  return ttft === null ? 'no TTFT' : `TTFT +${durationText(ttft.p50Ns)}, p99 ${durationText(ttft.p99Ns)}`;
}

/** The grid, a load a line, in at most 80 columns. */
function calibrationTable(cells: readonly CalibratedCell[]): string[] {
  const error = (of: SeriesError | null) =>
    of === null ? [NOT_AVAILABLE, NOT_AVAILABLE] : [durationText(of.p50Ns), durationText(of.p99Ns)];
  return alignColumns([
    ['req/s', 'streams', 'chunks/s', 'TTFT p50', 'p99', 'gap p50', 'p99', 'lat. p50', 'p99'],
    ...cells.map(({ load, ttft, chunkGap, latency }) => [
      amountText(load.requestsPerSecond),
      countText(load.streams),
      countText(load.chunksPerSecond),
      ...[ttft, chunkGap, latency].flatMap(error),
    ]),
  ]);
}
