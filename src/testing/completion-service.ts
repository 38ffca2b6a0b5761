import type { RandomSource } from '../core/random.ts';
import type { RunClock } from '../core/time.ts';
import { ChatFrames, errorBody } from './chat-frames.ts';
import { type CompletionRequest, parseCompletionRequest } from './completion-request.ts';
import { drawFailure, type FailureMode } from './failure-modes.ts';
import { drawAnswer, type LatencyModel } from './latency-model.ts';
import type { Pacer } from './pacer.ts';
import type { Reply } from './reply.ts';
import { StreamedAnswer } from './streamed-answer.ts';
import type { TruthLog } from './truth-log.ts';
import { WholeAnswer } from './whole-answer.ts';

export interface CompletionServiceParts {
  readonly clock: RunClock;
  readonly pacer: Pacer;
  readonly log: TruthLog;
  readonly latency: LatencyModel;
  readonly failures: readonly FailureMode[];
  readonly random: RandomSource;
  /** `created` of each answer: seconds since 1970. */
  readonly created: number;
}

/** Answers completion requests. All that is random about an answer is drawn when its request arrives. */
export class CompletionService {
  readonly #parts: CompletionServiceParts;
  #answers = 0;

  constructor(parts: CompletionServiceParts) {
    this.#parts = parts;
  }

  answer(api: CompletionRequest['api'], body: Buffer, reply: Reply, receivedNs: number): void {
    const request = parseCompletionRequest(api, body);
    if ('problem' in request) this.#reject(api, request.problem, reply, receivedNs);
    else this.#accept(request, reply, receivedNs);
  }

  #accept(request: CompletionRequest, reply: Reply, receivedNs: number): void {
    const { clock, pacer, log, latency, failures, random, created } = this.#parts;
    const failure = drawFailure(failures, random);
    const { tokenDueNs, limited } = drawAnswer(latency, request.tokenLimit, random);
    const entry = log.begin({ ...request, receivedNs, plannedTokens: tokenDueNs.length });
    if (failure?.kind === 'status') {
      const { status } = failure;
      entry.end('status', status, reply.sendWhole(status, errorBody('mock server failure', status)));
      return;
    }
    // A stall stays a stall: its end is the client's patience.
    reply.onAbort = () => {
      if (entry.isOpen) entry.end('aborted', 200, clock.nowNs());
    };
    const answer = {
      reply,
      frames: new ChatFrames(request, this.#answers++, created),
      entry,
      failure: failure?.kind,
      receivedNs,
      tokenDueNs,
      finishReason: limited ? 'length' : 'stop',
    };
    if (!request.stream) {
      pacer.runOrSchedule(new WholeAnswer(answer));
      return;
    }
    const { includeUsage } = request;
    const streamed = new StreamedAnswer({ ...answer, includeUsage }, () => clock.nowNs());
    streamed.begin(request.api === 'chat');
    pacer.runOrSchedule(streamed);
  }

  #reject(api: CompletionRequest['api'], problem: string, reply: Reply, receivedNs: number): void {
    const facts = { api, stream: false, promptNumber: null, promptTokens: 0, receivedNs, plannedTokens: 0 };
    const entry = this.#parts.log.begin(facts);
    entry.end('rejected', 400, reply.sendWhole(400, errorBody(problem, 400)));
  }
}
