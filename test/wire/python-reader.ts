import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PrintedEvent } from './scripted-log.ts';

const SCRIPT = fileURLToPath(new URL('../../docs/examples/read_run_log.py', import.meta.url));

export interface PythonRead {
  readonly events: readonly PrintedEvent[];
  readonly stderr: string;
  readonly status: number | null;
}

/** Reads a run log with the example of the docs. Throws when there is no Python to run it with. */
export function readWithPython(logPath: string): PythonRead {
  const { error, stdout, stderr, status } = spawnSync('python3', [SCRIPT, logPath], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
    throw new Error('python3 is not on the PATH: this test runs docs/examples/read_run_log.py with it');
  }
  if (error !== undefined) throw error;
  return { events: stdout.split('\n').slice(0, -1).map(parseEvent), stderr, status };
}

/** A line of events; its timestamp stays text, as a number of JavaScript would round it. */
export function parseEvent(line: string): PrintedEvent {
  const event = JSON.parse(line) as Omit<PrintedEvent, 'timestamp_ns'>;
  const [, timestampNs] = /^\{"event_type":"[^"]*","timestamp_ns":(-?\d+),/.exec(line) ?? [];
  if (timestampNs === undefined) throw new Error(`no timestamp in ${line.slice(0, 100)}`);
  return { ...event, timestamp_ns: timestampNs };
}
