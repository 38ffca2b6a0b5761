import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAgentNews } from '../../core/agent-news.ts';
import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import { createRunClock, NS_PER_MS } from '../../core/time.ts';
import { runSubjects } from '../../cluster/subjects.ts';
import { RunLogWriter } from '../../runlog/append.ts';
import { RunLogCursor } from '../../runlog/cursor.ts';
import { FrameKind } from '../../transport/frame.ts';
import { FrameShipper, WINDOW_FRAMES } from '../cluster/frame-shipper.ts';
import type { NatsPlace } from '../cluster/nats-place.ts';
import { lastFrameInStream } from '../cluster/run-stream.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';
import { jsonFrame, jsonOfFrame, type RunHeader } from '../run-folder/run-header.ts';
import { isLogAbandoned, takeOverLog } from './log-owner.ts';

/** As {@link agentFolder} names it. */
const FOLDER = /^([0-9a-f]{16})-agent-(\d+)$/;
/** A stream that takes nothing for so long is not waited for: the agent has other work. */
const STALL_MS = 10_000;

/** The folder of an agent's own log of a run. */
export function agentFolder(runsPath: string, runId: string, agent: number): string {
  return join(runsPath, `${runId}-agent-${agent}`);
}

/**
 * Publishes what agents that died on this machine had logged and the stream of their run does not have. The coordinator, or whoever rebuilds
 * the run, then knows of each request that was sent. A run whose stream is gone is over.
 */
export async function publishAbandonedLogs(place: NatsPlace, runsPath: string, log: Log): Promise<void> {
  const names = existsSync(runsPath) ? readdirSync(runsPath) : [];
  for (const name of names) {
    const [, runId, agent] = FOLDER.exec(name) ?? [];
    const path = join(runsPath, name);
    if (runId === undefined || !isLogAbandoned(path)) continue;
    try {
      await publishRest(place, { path, runId, agent: Number(agent) }, log);
    } catch (error) {
      log.warning(`${path}: what it holds of run ${runId} is not published: ${errorText(error)}`);
    }
  }
}

interface AbandonedLog {
  readonly path: string;
  readonly runId: string;
  readonly agent: number;
}

async function publishRest(place: NatsPlace, { path, runId, agent }: AbandonedLog, log: Log): Promise<void> {
  const subject = runSubjects(runId).frames(agent);
  const last = await lastFrameInStream(place, runId, subject);
  if (last === undefined || !(await takeOverLog(path))) return;
  const { logPath } = RunDirectory.at(path);
  const found = await scan(logPath);
  if (found === undefined) return;
  const writer = RunLogWriter.resume(logPath, found.end);
  if (!found.isClosed) {
    const news = {
      agent,
      at_ns: found.endedNs,
      event: 'restarted',
      had_finished: found.hadFinished,
    } as const;
    writer.append(FrameKind.agent, jsonFrame(news));
  }
  // Frames go out side by side, so that some before the last one may be missing.
  const fromSeq = Math.max(1, last - WINDOW_FRAMES);
  const publisher = `${runId}.${agent}`;
  const shipper = await FrameShipper.open({ place, log, runId, logPath, subject, publisher, fromSeq });
  try {
    const isThere = await shipper.endAt(writer.nextSeq, (stalledMs) => stalledMs > STALL_MS);
    if (isThere) log.info(`run ${runId}: published the rest of ${path}, whose agent had died`);
    else {
      const missing = countedText(writer.nextSeq - shipper.shipped, 'frame');
      log.warning(`run ${runId}: NATS did not take ${missing} of ${path}`);
    }
  } finally {
    await shipper.close();
    await writer.close();
  }
}

/** Reads a log to its last whole frame; undefined for one that has not even a header. */
async function scan(logPath: string) {
  const writtenMs = statSync(logPath).mtimeMs;
  const cursor = await RunLogCursor.open(logPath);
  try {
    let header: RunHeader | undefined;
    let [nextSeq, hadFinished, isClosed] = [0, false, false];
    for (let frame = await cursor.next(); frame !== undefined; frame = await cursor.next()) {
      nextSeq = frame.seq + 1;
      if (frame.kind === FrameKind.runHeader) header = jsonOfFrame(frame) as RunHeader;
      else if (frame.kind === FrameKind.events) hadFinished = false;
      else if (frame.kind === FrameKind.agent) {
        const news = jsonOfFrame(frame);
        if (!isAgentNews(news)) continue;
        if (news.event === 'phase_done') hadFinished = true;
        if (news.event === 'left' || news.event === 'restarted') isClosed = true;
      }
    }
    if (header === undefined) return undefined;
    const agoNs = Math.max(0, Date.now() - writtenMs) * NS_PER_MS;
    const endedNs = Math.round(createRunClock(BigInt(header.origin_ns)).nowNs() - agoNs);
    return { end: { nextSeq, bytes: cursor.offset }, hadFinished, isClosed, endedNs };
  } finally {
    await cursor.close();
  }
}
