import type { AgentNews } from '../../core/agent-news.ts';
import type { PhasePlan } from '../../plan/plan.ts';
import { numberInPlan } from '../../plan/share.ts';
import type { PhaseCounts, PhaseRun } from '../../session/session.ts';

type PhaseDone = Extract<AgentNews, { readonly event: 'phase_done' }>;

/** Numbers left free, for each agent, for samples that a lost one may have sent since it was heard last: a minute of what one can send. */
const SPARE_NUMBERS = 2 ** 22;

/** Puts together what the agents of a run tell of one phase. Each is done once, or lost. */
export class ClusterPhase implements PhaseRun {
  readonly issuingDone: Promise<void>;
  readonly finished: Promise<PhaseCounts>;
  readonly #issuingDone = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<PhaseCounts>();
  /** Of the plan. */
  readonly index: number;
  readonly #plan: PhasePlan;
  readonly #agents: number;
  readonly #issuing: Set<number>;
  readonly #working: Set<number>;
  /** Those nothing is heard of. */
  readonly #lost = new Set<number>();
  readonly #done = new Map<number, PhaseDone>();
  /** Those that the phase goes on without, whatever they do. */
  readonly #out = new Set<number>();
  #isStopping = false;
  #wasStopped = false;
  #failure: Error | undefined;

  constructor(plan: PhasePlan, agents: number, index = 0) {
    const all = Array.from({ length: agents }, (_, index) => index);
    this.index = index;
    this.#plan = plan;
    this.#agents = agents;
    this.issuingDone = this.#issuingDone.promise;
    this.finished = this.#finished.promise;
    // Whoever awaits it may come later.
    this.finished.catch(() => undefined);
    this.#issuing = new Set(all);
    this.#working = new Set(all);
  }

  /** Agents that have not told that they are done, lost ones among them. */
  get working(): ReadonlySet<number> {
    return this.#working;
  }

  issuingDoneBy(agent: number): void {
    this.#issuing.delete(agent);
    this.#look();
  }

  doneBy(news: PhaseDone): void {
    if (this.#out.has(news.agent)) return;
    this.#issuing.delete(news.agent);
    this.#working.delete(news.agent);
    this.#lost.delete(news.agent);
    this.#done.set(news.agent, news);
    this.#wasStopped ||= news.ended_by === 'stop';
    this.#look();
  }

  /** The phase goes on without it, unless it returns before the others are done. */
  lost(agent: number): void {
    if (!this.#working.has(agent)) return;
    this.#lost.add(agent);
    this.#look();
  }

  returned(agent: number): void {
    if (!this.#out.has(agent)) this.#lost.delete(agent);
  }

  /** The phase goes on without it, also if it returns. */
  without(agent: number): void {
    this.#out.add(agent);
    this.lost(agent);
  }

  /** Nothing more is to be issued: an agent that has not begun it need not. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  stop(): void {
    this.#isStopping = true;
  }

  /** It was stopped before this agent had begun. */
  notBegunBy(agent: number): void {
    this.#wasStopped = true;
    this.#issuing.delete(agent);
    this.#working.delete(agent);
    this.#look();
  }

  /** An agent can't carry it out. */
  failedBy(agent: number, error: Error): void {
    this.#failure ??= error;
    this.#issuing.delete(agent);
    this.#working.delete(agent);
    this.#look();
  }

  /** Nothing more will be heard of it from any agent. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#issuing.clear();
    this.#working.clear();
    this.#look();
  }

  #look(): void {
    if ([...this.#issuing].every((agent) => this.#lost.has(agent))) this.#issuingDone.resolve();
    if (![...this.#working].every((agent) => this.#lost.has(agent))) return;
    this.#issuingDone.resolve();
    if (this.#failure === undefined) this.#finished.resolve(this.#counts());
    else this.#finished.reject(this.#failure);
  }

  #counts(): PhaseCounts {
    const done = [...this.#done.values()];
    const sum = (of: (news: PhaseDone) => number) => done.reduce((total, news) => total + of(news), 0);
    const tickets = sum((news) => news.tickets);
    const conversations = sum((news) => news.conversations);
    return {
      ...{ tickets, conversations, cutOff: sum((news) => news.cut_off) },
      ...{ sent: sum((news) => news.sent), notSent: sum((news) => news.not_sent) },
      endedBy: this.#endedBy(conversations > 0 ? conversations : tickets),
      hasStoppedMeasuring: false,
      areCountsPartial: this.#lost.size > 0,
      numbered: {
        samples: this.#numbersUsed((news) => news.tickets),
        conversations: this.#numbersUsed((news) => news.conversations),
      },
    };
  }

  #endedBy(begun: number): PhaseCounts['endedBy'] {
    if (this.#wasStopped) return 'stop';
    const isCutOff = [...this.#done.values()].some((news) => news.cut_off > 0);
    return begun >= this.#plan.stop.maxSamples && !isCutOff ? 'count' : 'duration';
  }

  /** Agents number their samples each for itself, so that the whole has holes where one had fewer than another. */
  #numbersUsed(of: (news: PhaseDone) => number): number {
    const highest = [...this.#done.values()].map((news) => {
      const own = of(news);
      return own === 0 ? 0 : numberInPlan(own - 1, { index: news.agent, count: this.#agents }) + 1;
    });
    return Math.max(0, ...highest) + (this.#lost.size > 0 ? SPARE_NUMBERS * this.#agents : 0);
  }
}
