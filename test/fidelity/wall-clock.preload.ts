/**
 * Loaded into the program under test before its own modules (`node --import`), in each of its threads: from when the file named by
 * `WALL_CLOCK_STEP_FILE` is there, the wall clock is ahead by as many ms as stand in it, as if somebody had set it or the machine had slept.
 */
import { readFileSync } from 'node:fs';

const path = process.env['WALL_CLOCK_STEP_FILE']!;
const trueNow = Date.now.bind(Date);

function stepMs(): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}

Date.now = () => trueNow() + stepMs();
