import { redactUrls } from '../../core/redact-url.ts';
import { NS_PER_MS, type RunClock } from '../../core/time.ts';
import type { PowerSample } from '../../server-metrics/power-sample.ts';
import { PowerCommand } from './power-command.ts';
import { ReadingSieve } from './reading-sieve.ts';

/** Failures that come faster are left out. */
const FAILURE_DISTANCE_MS = 1000;
/** What a program tells as older than this, or as younger than now by it, has another clock. */
const FARTHEST_MS = 60_000;

/** Tells the readings of a program and its failures; `note`: what is wrong with them, each thing once. Returns what ends the program. */
export function watchProgram(
  command: string,
  clock: RunClock,
  tell: (sample: PowerSample) => void,
  note: (source: string, text: string) => void,
): () => void {
  const source = redactUrls(command);
  const sieve = new ReadingSieve((text) => note(source, text));
  let nextFailureMs = 0;
  const fail = (failure: string) => {
    const nowMs = performance.now();
    if (nowMs < nextFailureMs) return;
    nextFailureMs = nowMs + FAILURE_DISTANCE_MS;
    tell({ at_ns: clock.nowNs(), source, readings: null, failure });
  };
  const program = new PowerCommand({
    command,
    onFailure: fail,
    onLine: (line) => {
      const ageMs = line.atMs === undefined ? 0 : Date.now() - line.atMs;
      if (Math.abs(ageMs) > FARTHEST_MS) {
        fail(
          `"t" is ${Math.round(Math.abs(ageMs) / 1000)} s ${ageMs > 0 ? 'behind' : 'ahead of'} the clock of this machine, at most 60 s are allowed; leave "t" out`,
        );
        return;
      }
      if (!sieve.keeps(line, performance.timeOrigin + performance.now())) return;
      const nowNs = clock.nowNs();
      const atNs = Math.min(nowNs, Math.round(nowNs - ageMs * NS_PER_MS));
      tell({ at_ns: atNs, source, readings: [[line.device, line.watts]], failure: null });
    },
  });
  return () => program.close();
}
