import { durationText, percentText, settingText } from '../../core/quantity-text.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { lateAdvice } from './advice.ts';
import { type Check, check, degraded, invalid, type Judgement, percents, worse } from './check.ts';
import type { VerdictFacts } from './facts.ts';
import { VERDICT_LIMITS } from './verdict-limits.ts';

const L = VERDICT_LIMITS;

/** Whether the client was fast enough for what it measured. */
export const CLIENT_CHECKS: readonly Check[] = [
  check(
    'send_delay',
    lateRule('issuing at p99 late by', L.lateFloorMs, L.lateShare),
    lateRule('late by', L.lateFloorInvalidMs, L.lateShareInvalid),
    judgeSendDelay,
  ),
  check(
    'event_loop_delay',
    `${lateRule('in 1 % of the time a worker late by', L.lateFloorMs, L.lateShare)}; ${lateRule('or once by', L.stallFloorMs, L.stallShare)}`,
    lateRule('in 1 % of the time late by', L.lateFloorInvalidMs, L.lateShareInvalid),
    judgeEventLoop,
  ),
  check(
    'gc_pause',
    lateRule('a garbage collection took', L.stallFloorMs, L.stallShare),
    `garbage collection took more than ${percents(L.gcShareInvalid)} of the time`,
    judgeGc,
  ),
  check(
    'worker_cpu',
    `a worker was at work, or waiting for a core, for ${percents(L.busyWorker)} of a second`,
    `it was so for more than ${percents(L.busyShareInvalid)} of the time`,
    judgeCpu,
  ),
  check(
    'clock_step',
    `the wall clock went ${settingText(L.clockStepMs)} ms from the monotonic one within a second`,
    `it went ${settingText(L.clockStepInvalidMs / 1000)} s: the machine slept`,
    judgeClock,
  ),
  check(
    'worker_stuck',
    "an engine worker's event loop stood still for 2 s",
    `it stood still for ${settingText(L.stuckInvalidMs / 1000)} s`,
    judgeStuck,
  ),
];

function judgeSendDelay(facts: VerdictFacts): Judgement {
  const { client, medianServiceNs, issueDelayP99Ns } = facts;
  const delayMs = (client?.sendDelayP99Ns ?? 0) / NS_PER_MS;
  const level = lateLevel(delayMs, medianServiceNs);
  if (level === undefined) return undefined;
  // It is known to a power of two, and is a part of the issue delay, which is known exactly.
  const toldMs = Math.min(delayMs, (issueDelayP99Ns ?? Infinity) / NS_PER_MS);
  return {
    level,
    message:
      `the client was late: it began 1 % of the requests more than ${msText(toldMs)} after they were due${againstText(medianServiceNs)}: ` +
      lateAdvice(facts, 'lower --rate'),
  };
}

/** Where lateness was measured read by read, that says what it did to each metric. */
function judgeEventLoop(facts: VerdictFacts): Judgement {
  const { client, clientError, medianServiceNs } = facts;
  if (client === null || clientError !== null) return undefined;
  const lateMs = client.lateP99Ms ?? 0;
  const level = lateLevel(lateMs, medianServiceNs);
  if (level !== undefined) {
    return {
      level,
      message:
        `in 1 % of the time a worker's event loop was more than ${msText(lateMs)} late${againstText(medianServiceNs)}, and so were ` +
        `the stamps taken then: ${lateAdvice(facts)}`,
    };
  }
  const longestMs = client.eventLoopDelayMaxMs ?? 0;
  if (!isStall(longestMs, medianServiceNs)) return undefined;
  return degraded(
    `a worker's event loop stood still for ${msText(longestMs)} once${againstText(medianServiceNs)}: maxima may be the client's`,
  );
}

function judgeGc({ client, clientError, medianServiceNs }: VerdictFacts): Judgement {
  const { gcPauseMaxMs = null, gcShare = null } = client ?? {};
  if ((gcShare ?? 0) > L.gcShareInvalid) {
    const message =
      `garbage collection held a worker up for ${percentText(gcShare!)} of the time (the limit is ${percents(L.gcShareInvalid)}):` +
      ' use more --workers or lower the load';
    return clientError === null ? invalid(message) : { level: 'invalid', message, metrics: ['throughput'] };
  }
  if (clientError !== null || !isStall(gcPauseMaxMs ?? 0, medianServiceNs)) return undefined;
  return degraded(
    `a garbage collection held a worker up for ${msText(gcPauseMaxMs!)}${againstText(medianServiceNs)}: maxima may be the client's`,
  );
}

function judgeCpu(facts: VerdictFacts): Judgement {
  const { client, clientError } = facts;
  const busyShare = client?.busyShare ?? 0;
  if (busyShare === 0) return undefined;
  const waitShare = client?.workerCpuWaitMax ?? 0;
  const detail =
    waitShare > 1 - L.busyWorker ? `, up to ${percentText(waitShare)} of it waiting for a core` : '';
  const level = busyShare > L.busyShareInvalid ? 'invalid' : 'degraded';
  const busy = `for ${percentText(busyShare)} of the time a worker was almost always busy${detail}: the client was the limit`;
  const advice = lateAdvice(facts, 'lower the load');
  // Where lateness was measured, the bound of each metric says what that did to its times.
  if (clientError !== null)
    return {
      level,
      message: `${busy}, and the load may have been lower for it; ${advice}`,
      metrics: ['throughput'],
    };
  return { level, message: `${busy}, and its times are too long; ${advice}` };
}

function judgeClock({ client }: VerdictFacts): Judgement {
  const stepMs = client?.clockStepMs ?? 0;
  if (stepMs < L.clockStepMs) return undefined;
  return worse(
    stepMs >= L.clockStepInvalidMs,
    `the wall clock jumped ${msText(stepMs)}: it was adjusted, or the machine was suspended (suspension is not included in any measured` +
      ' time); if it was suspended, repeat the run',
  );
}

function judgeStuck({ client }: VerdictFacts): Judgement {
  const stuckMs = client?.stuckMaxMs ?? 0;
  if (stuckMs === 0) return undefined;
  return worse(
    stuckMs >= L.stuckInvalidMs,
    `an engine worker was stuck: its event loop stood still for ${msText(stuckMs)}, and its samples were neither sent nor read;` +
      ' repeat the run, and report this if it happens again',
  );
}

/** How bad it is that the client was late by so much at p99. */
function lateLevel(lateMs: number, medianNs: number | null): 'invalid' | 'degraded' | undefined {
  const medianMs = (medianNs ?? 0) / NS_PER_MS;
  if (lateMs > Math.max(L.lateFloorInvalidMs, L.lateShareInvalid * medianMs)) return 'invalid';
  return lateMs > Math.max(L.lateFloorMs, L.lateShare * medianMs) ? 'degraded' : undefined;
}

function isStall(ms: number, medianNs: number | null): boolean {
  return ms > Math.max(L.stallFloorMs, (L.stallShare * (medianNs ?? 0)) / NS_PER_MS);
}

/** `late by more than 5 ms and 10 % of the median time`. */
function lateRule(what: string, floorMs: number, share: number): string {
  return `${what} more than ${settingText(floorMs)} ms and ${percents(share)} of the median TTFT (latency without streaming)`;
}

function msText(ms: number): string {
  return durationText(ms * NS_PER_MS);
}

function againstText(medianNs: number | null): string {
  return medianNs === null ? '' : `, where a median of ${durationText(medianNs)} was measured`;
}
