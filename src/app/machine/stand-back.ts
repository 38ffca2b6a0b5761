import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** As a viewer's nice value: a load keeps nine tenths of a core both want. */
const VIEWER_NICENESS = 10;
/** Less than the time between two snapshots by default, and too little for an eye to notice. */
const MAX_LAG_MS = 200;

/**
 * Lets whatever else runs on this machine go first: who looks on must not delay what is measured. Less of a core that others want too, and
 * as batch work, which when it wakes takes no core from who runs there (sched(7)).
 *
 * For all threads where the system tells them (Linux) and has chrt, else as far as it goes; without leave to do so nothing changes.
 */
export function standBack(): void {
  for (const thread of threadIds()) {
    try {
      setPriority(thread, VIEWER_NICENESS);
    } catch {
      // A thread that has ended, or a system that forbids it: it looks on as it is.
    }
  }
  execFile('chrt', ['-b', '-a', '-p', '0', String(process.pid)], () => {
    // Likewise.
  });
}

/**
 * How long this viewer lets a snapshot lie, ms: all viewers get it at the same moment, and on a machine with few cores they would take
 * all of them at once.
 */
export function viewerLagMs(): number {
  return Math.random() * MAX_LAG_MS;
}

/** The system's numbers of the threads of this process; 0 stands for the process itself. */
function threadIds(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [0];
  }
}
