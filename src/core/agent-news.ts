/** What happened to one load generator of several, in an `agent` frame of the run log: its own log has it, and the coordinator's. */
export type AgentNews = { readonly agent: number; readonly at_ns: number } & (
  | {
      readonly event: 'opened';
      readonly name: string;
      readonly host: string;
      readonly workers: number;
      /** How far the coordinator's monotonic clock is ahead of its own, decimal, and how far off that may be. */
      readonly clock_offset_ns: string;
      readonly clock_error_ns: number;
    }
  /** Its first sample of a phase went out; `phase`: its index in the plan; `late_ns`: after it was due or, in closed loop, after the phase began. */
  | { readonly event: 'started'; readonly phase: number; readonly late_ns: number }
  | { readonly event: 'issuing_done'; readonly phase: number }
  | {
      readonly event: 'phase_done';
      readonly phase: number;
      readonly tickets: number;
      readonly conversations: number;
      readonly cut_off: number;
      readonly sent: number;
      readonly not_sent: number;
      readonly ended_by: 'count' | 'duration' | 'idle' | 'stop';
      readonly stopped_measuring: boolean;
    }
  /** The first response of its that failed, without secrets. */
  | { readonly event: 'first_failure'; readonly error_type: string; readonly error_message: string }
  /** `phase`: the latest one; null before the first. */
  | { readonly event: 'failed'; readonly phase: number | null; readonly reason: string }
  /** The clocks at the end. */
  | {
      readonly event: 'left';
      readonly pings: number;
      readonly clock_error_ns: number;
      readonly clock_drift_ppm: number | null;
    }
  /** By the coordinator: nothing was heard from it since `last_heard_ns`, and it may be back. */
  | { readonly event: 'lost'; readonly last_heard_ns: number }
  | { readonly event: 'returned' }
  /** By the process that was started in the place of one that died, behind all that that one had logged; `at_ns`: when the log ended. */
  | { readonly event: 'restarted'; readonly had_finished: boolean }
);

/** What a snapshot tells of one load generator, beside the figures of its group. */
export interface AgentFacts {
  readonly name: string;
  readonly host: string;
  readonly workers: number;
  /** How far the coordinator's monotonic clock is ahead of its own, decimal, how far off that may be, and how much faster it runs. */
  readonly clock_offset_ns: string;
  readonly clock_error_ns: number;
  readonly clock_drift_ppm: number | null;
  /** Furthest its first sample of a phase was late; null before one went out. */
  readonly start_late_ns: number | null;
  readonly sent: number;
  /** Since when nothing was heard from it; null for one that is there, or came back. */
  readonly lost_ns: number | null;
  /** Times it was lost and came back. */
  readonly returned: number;
}

/** Whether JSON is news of an agent, as far as the fields go that all have. */
export function isAgentNews(value: unknown): value is AgentNews {
  if (typeof value !== 'object' || value === null) return false;
  const { agent, at_ns: atNs, event } = value as Partial<AgentNews>;
  return Number.isInteger(agent) && agent! >= 0 && Number.isFinite(atNs) && typeof event === 'string';
}

/** Keeps what the news of a run come to. */
export class AgentLedger {
  readonly #agents = new Map<number, AgentFacts>();

  get isEmpty(): boolean {
    return this.#agents.size === 0;
  }

  fold(news: AgentNews): void {
    if (news.event === 'opened') {
      const { name, host, workers, clock_offset_ns: offsetNs, clock_error_ns: errorNs } = news;
      this.#agents.set(news.agent, {
        ...{ name, host, workers, clock_offset_ns: offsetNs, clock_error_ns: errorNs },
        ...{ clock_drift_ppm: null, start_late_ns: null, sent: 0, lost_ns: null, returned: 0 },
      });
      return;
    }
    const facts = this.#agents.get(news.agent);
    if (facts !== undefined) this.#agents.set(news.agent, { ...facts, ...changeOf(facts, news) });
  }

  /** In the order of their segments. */
  facts(): readonly AgentFacts[] {
    return [...this.#agents].sort(([a], [b]) => a - b).map(([, facts]) => facts);
  }
}

function changeOf(facts: AgentFacts, news: AgentNews): Partial<AgentFacts> {
  switch (news.event) {
    case 'started':
      return { start_late_ns: Math.max(news.late_ns, facts.start_late_ns ?? -Infinity) };
    case 'phase_done':
      return { sent: facts.sent + news.sent };
    case 'left':
      return {
        clock_error_ns: Math.max(facts.clock_error_ns, news.clock_error_ns),
        clock_drift_ppm: news.clock_drift_ppm,
      };
    case 'lost':
      return { lost_ns: news.last_heard_ns };
    case 'restarted':
      return news.had_finished ? {} : { lost_ns: facts.lost_ns ?? news.at_ns };
    case 'returned':
      return { lost_ns: null, returned: facts.returned + 1 };
    default:
      return {};
  }
}

/** The load generators in the extras of a snapshot; none where there was one alone. Never throws: what is not ours is left out. */
export function readAgents(extras: { readonly [key: string]: unknown }): readonly AgentFacts[] {
  const { agents } = extras;
  return Array.isArray(agents) ? agents.filter(isAgentFacts) : [];
}

function isAgentFacts(value: unknown): value is AgentFacts {
  if (typeof value !== 'object' || value === null) return false;
  const facts = value as Readonly<Record<string, unknown>>;
  return (
    [facts.name, facts.host, facts.clock_offset_ns].every((text) => typeof text === 'string') &&
    [facts.workers, facts.clock_error_ns, facts.sent, facts.returned].every(Number.isFinite) &&
    [facts.clock_drift_ppm, facts.start_late_ns, facts.lost_ns].every(
      (one) => one === null || Number.isFinite(one),
    )
  );
}
