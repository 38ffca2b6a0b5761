import type { RandomSource } from '../core/random.ts';
import type { RunClock } from '../core/time.ts';
import type { AnswerParts } from './answer-parts.ts';
import { type CompletionRequest, parseCompletionRequest } from './completion-request.ts';
import { framesOf } from './frames-of.ts';
import { drawFailure, type FailureMode } from './failure-modes.ts';
import { drawAnswer, type LatencyModel } from './latency-model.ts';
import type { MockApi } from './mock-apis.ts';
import type { Pacer } from './pacer.ts';
import type { Reply } from './reply.ts';
import type { Slots } from './slots.ts';
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
  /** Undefined: answers do not wait for one another. */
  readonly slots: Slots | undefined;
  /** `created` of each answer: seconds since 1970. */
  readonly created: number;
}

/** What the path of a request says. */
export interface Asked {
  readonly api: MockApi;
  /** Whether to stream, where the body does not tell. */
  readonly streams?: boolean;
}

const NO_REQUEST = {
  ...{ model: '', stream: false, includeUsage: false, tokenLimit: 0, promptTokens: 0, promptNumber: null },
} as const;

/** Answers completion requests. All that is random about an answer is drawn when its request arrives. */
export class CompletionService {
  readonly #parts: CompletionServiceParts;
  #answers = 0;

  constructor(parts: CompletionServiceParts) {
    this.#parts = parts;
  }

  answer({ api, streams }: Asked, body: Buffer, reply: Reply, receivedNs: number): void {
    const request = parseCompletionRequest(api, body, streams);
    if ('problem' in request) this.#reject(api, request.problem, reply, receivedNs);
    else this.#accept(request, reply, receivedNs);
  }

  #accept(request: CompletionRequest, reply: Reply, receivedNs: number): void {
    const { clock, pacer, log, latency, failures, random, slots, created } = this.#parts;
    const failure = drawFailure(failures, random);
    const { tokenDueNs, limited } = drawAnswer(latency, request.tokenLimit, random);
    const frames = framesOf(request, this.#answers, created);
    const entry = log.begin({ ...request, receivedNs, plannedTokens: tokenDueNs.length });
    if (failure?.kind === 'status') {
      const { status } = failure;
      entry.end('status', status, reply.sendWhole(status, frames.errorBody('mock server failure', status)));
      return;
    }
    // A stall stays a stall: its end is the client's patience.
    reply.onAbort = () => {
      if (entry.isOpen) entry.end('aborted', 200, clock.nowNs());
    };
    this.#answers += 1;
    const waitNs = slots?.take(receivedNs, tokenDueNs.at(-1)!) ?? 0;
    if (waitNs > 0) tokenDueNs.forEach((dueNs, i) => (tokenDueNs[i] = dueNs + waitNs));
    const answer: AnswerParts = {
      reply,
      frames,
      entry,
      failure: failure?.kind,
      receivedNs,
      tokenDueNs,
      ending: limited ? 'length' : 'stop',
    };
    if (!request.stream) {
      pacer.runOrSchedule(new WholeAnswer(answer));
      return;
    }
    const streamed = new StreamedAnswer(answer, () => clock.nowNs());
    streamed.begin();
    pacer.runOrSchedule(streamed);
  }

  #reject(api: MockApi, problem: string, reply: Reply, receivedNs: number): void {
    const request = { ...NO_REQUEST, api };
    const body = framesOf(request, 0, 0).errorBody(problem, 400);
    const facts = { api, stream: false, promptNumber: null, promptTokens: 0, receivedNs, plannedTokens: 0 };
    const entry = this.#parts.log.begin(facts);
    entry.end('rejected', 400, reply.sendWhole(400, body));
  }
}
