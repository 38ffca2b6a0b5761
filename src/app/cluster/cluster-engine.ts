import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentFacts, AgentLedger, type AgentNews, isAgentNews } from '../../core/agent-news.ts';
import { decodeMessage, stateSchema } from '../../cluster/messages.ts';
import { indexOfSubject, type RunSubjects } from '../../cluster/subjects.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ErrorData } from '../../core/model-output.ts';
import { NS_PER_MS, type RunClock } from '../../core/time.ts';
import type { SampleCounts } from '../../engine/worker-pool.ts';
import { type PlacedPhase, shareOf } from '../../engine/settings.ts';
import type { WarmResult } from '../../engine/worker-messages.ts';
import type { PlanChange } from '../../plan/steered-time.ts';
import type { LoadEngine, PhaseRun } from '../../session/session.ts';
import { type Frame, FrameKind } from '../../transport/frame.ts';
import { jsonFrame, jsonOfFrame } from '../run-folder/run-header.ts';
import type { AgentLink, NewOrder } from './agent-link.ts';
import { ClusterPhase } from './cluster-phase.ts';
import { streamFailure } from './stream-watch.ts';
import type { NatsPlace } from './nats-place.ts';

/** From an order to when it takes effect: a few round trips, and time for another try. */
const LEAD_NS = 400 * NS_PER_MS;
/** An agent that was not heard for so long is lost, until it is heard again. */
const LOSS_MS = 5000;
const WATCH_MS = 250;
/** Counts that are older tell nothing of now: agents tell them four times a second. */
const COUNTS_AGE_MS = 1000;
/** Part of it in which the stream may take what the coordinator recorded before: that the phase begins. */
const FLUSH_MS = 150;
const WARM_TIMEOUT_MS = 60_000;
const PHASE_TIMEOUT_MS = 10_000;
const CHANGE_TIMEOUT_MS = 5000;
/** For an order that ends the load, while an agent or NATS is away. */
const STOP_TIMEOUT_MS = 30_000;
/** An agent that is there answers an order within this, and a stream that is full has given all that it holds. */
const FAILED_END_MS = 5000;
const QUIET_MS = 500;
/** What agents may take to hand over what NATS did not take in time. */
const END_TIMEOUT_MS = 120_000;

/** Where frames and marks of the run go. */
export interface ClusterRecorder {
  /** One of the coordinator's own. */
  record(kind: FrameKind, bytes: Uint8Array): void;
  /** One that an agent has in its log. */
  recordReceived(kind: FrameKind, bytes: Uint8Array): void;
  recordMark(kind: 'note', mark: { readonly text: string }): void;
}

export interface ClusterEngineOptions {
  readonly place: NatsPlace;
  readonly subjects: RunSubjects;
  readonly links: readonly AgentLink[];
  /** Requests in flight at most, over all agents. */
  readonly maxConnections: number;
  readonly recorder: ClusterRecorder;
  readonly clock: RunClock;
  /** Resolves once what the coordinator recorded is in the stream, or after that time. */
  readonly flushed: (timeoutMs: number) => Promise<void>;
  /** The first response that failed, of the agent that met one first. */
  readonly onFirstFailure: (failure: ErrorData) => void;
  readonly log: Log;
}

/**
 * The engine as a session sees it, where the workers are those of agents on other machines: orders go out by NATS, and frames come
 * back through {@link onFrame}.
 */
export class ClusterEngine implements LoadEngine {
  readonly leadNs = LEAD_NS;
  /** Of threads here there are none. */
  readonly threadIds: readonly (number | undefined)[] = [];
  readonly #options: ClusterEngineOptions;
  readonly #watching: NodeJS.Timeout;
  readonly #lost = new Set<number>();
  readonly #left = new Set<number>();
  /** Lost ones whose part of the load is missing, by what the log says. */
  readonly #missing = new Set<number>();
  /** Those that missed the end or the start of a phase: the run goes on without them. */
  readonly #out = new Set<number>();
  readonly #ledger = new AgentLedger();
  #phase: ClusterPhase | undefined;
  #phases = 0;
  #failure: Error | undefined;
  #frameMs = 0;
  #closing: Promise<void> | undefined;
  #onChange: () => void = () => undefined;
  /** Rejects when an agent is lost. */
  readonly #loss = Promise.withResolvers<never>();

  constructor(options: ClusterEngineOptions) {
    this.#options = options;
    this.#loss.promise.catch(() => undefined);
    // Each was there when it had made ready, some of them long before the slowest.
    for (const link of options.links) link.hear();
    this.#watching = setInterval(() => this.#watch(), WATCH_MS);
    const { place, subjects } = options;
    place.connection.subscribe(subjects.anyState, {
      callback: (error, message) => {
        if (error === null) this.#onState(indexOfSubject(message.subject), message.data);
      },
    });
  }

  get maxConnections(): number {
    return this.#options.maxConnections;
  }

  /** Each agent has a request in flight at least. */
  get minConcurrency(): number {
    return this.#options.links.length;
  }

  /** Opens this many connections over all agents. Rejects if an agent is lost meanwhile. */
  async warm(connections: number): Promise<WarmResult> {
    const { links } = this.#options;
    const warming = links.map((link) => {
      const share = shareOf(connections, link.index, links.length);
      return link.order({ kind: 'warm', connections: share }, 'warmed', WARM_TIMEOUT_MS);
    });
    const results = await Promise.race([Promise.all(warming), this.#loss.promise]);
    const failure = results.find((result) => result.failure !== null)?.failure;
    return {
      opened: results.reduce((sum, { opened }) => sum + opened, 0),
      failed: results.reduce((sum, { failed }) => sum + failed, 0),
      failure: failure ? { errorType: failure.error_type, errorMessage: failure.error_message } : undefined,
    };
  }

  /** Rejects when an agent is lost. */
  get untilLoss(): Promise<never> {
    return this.#loss.promise;
  }

  runPhase({ plan, firstSampleSeq, firstConversation, startNs }: PlacedPhase): PhaseRun {
    const { links } = this.#options;
    const missed = this.#phase?.working;
    const index = this.#phases++;
    const phase = new ClusterPhase(plan, links.length, index);
    this.#phase = phase;
    for (const link of links) {
      if (this.#lost.has(link.index) || missed?.has(link.index) === true) this.#drop(link);
    }
    const { maxSamples } = plan.stop;
    const order: NewOrder = {
      kind: 'phase',
      phase: index,
      first_sample: firstSampleSeq,
      first_conversation: firstConversation,
      max_samples: Number.isFinite(maxSamples) ? maxSamples : null,
      start_ns: startNs,
    };
    for (const agent of this.#out) phase.without(agent);
    if (this.#failure !== undefined) {
      phase.fail(this.#failure);
      return phase;
    }
    void this.#options.flushed(FLUSH_MS).then(() => {
      for (const link of links) {
        if (!this.#out.has(link.index)) this.#orderPhase(link, order, phase);
      }
    });
    return phase;
  }

  #orderPhase(link: AgentLink, order: NewOrder, phase: ClusterPhase): void {
    if (phase.isStopping) {
      phase.notBegunBy(link.index);
      return;
    }
    link.order(order, 'done', PHASE_TIMEOUT_MS).catch((error: unknown) => {
      if (
        phase.isStopping &&
        error instanceof InferometerError &&
        error.code === 'INFEROMETER_AGENT_REFUSED'
      ) {
        phase.notBegunBy(link.index);
        return;
      }
      if (this.#lost.has(link.index)) {
        this.#drop(link);
        phase.without(link.index);
        return;
      }
      phase.failedBy(link.index, error instanceof Error ? error : new Error(errorText(error)));
      this.stopIssuing();
      this.cancelInFlight();
    });
  }

  /** The run goes on without an agent that does not know of all its phases; should it come back, it is told that the run is over for it. */
  #drop(link: AgentLink): void {
    const { clock, log } = this.#options;
    if (this.#out.has(link.index)) return;
    this.#out.add(link.index);
    log.error(
      `agent ${link.name} missed the end of a phase or the start of the next; the run goes on without it`,
    );
    if (!this.#missing.has(link.index)) this.#recordLost(link.index, clock.nowNs());
    if (!this.#lost.has(link.index)) this.#orderEnd(link);
  }

  /** Its part of the load is missing from then on. */
  #recordLost(agent: number, lastHeardNs: number): void {
    this.#missing.add(agent);
    const atNs = this.#options.clock.nowNs();
    this.#recordNews({ agent, at_ns: atNs, event: 'lost', last_heard_ns: lastHeardNs });
  }

  #orderEnd(link: AgentLink): void {
    link.order({ kind: 'end' }, 'done', END_TIMEOUT_MS).catch(() => undefined);
  }

  changePlan(change: PlanChange): void {
    void this.#orderAll({ kind: 'change', change }, CHANGE_TIMEOUT_MS);
  }

  stopIssuing(): void {
    this.#phase?.stop();
    void this.#orderAll({ kind: 'stop' }, STOP_TIMEOUT_MS);
  }

  cancelInFlight(): void {
    void this.#orderAll({ kind: 'cancel' }, STOP_TIMEOUT_MS);
  }

  /** As the agents told last, a moment ago. */
  counts(): SampleCounts {
    const sum = { issued: 0, completed: 0, succeeded: 0, errored: 0, inFlight: 0, waiting: 0, lastReadMs: 0 };
    for (const { counts, index } of this.#options.links) {
      sum.issued += counts.issued;
      sum.completed += counts.completed;
      sum.succeeded += counts.succeeded;
      sum.errored += counts.errored;
      sum.lastReadMs = Math.max(sum.lastReadMs, counts.lastReadMs);
      if (this.#isGone(index)) continue;
      sum.inFlight += counts.inFlight;
      sum.waiting += counts.waiting;
    }
    return sum;
  }

  /** Whether {@link counts} are those of now: not while NATS is away, nor while an agent that takes part is silent. */
  get areCountsCurrent(): boolean {
    const { place, links } = this.#options;
    const nowMs = performance.now();
    return (
      place.connectedSinceMs !== undefined &&
      links.every(({ index, countedMs }) => this.#isGone(index) || nowMs - countedMs <= COUNTS_AGE_MS)
    );
  }

  #isGone(agent: number): boolean {
    return this.#lost.has(agent) || this.#left.has(agent) || this.#out.has(agent);
  }

  /** What is known of each agent. */
  facts(): readonly AgentFacts[] {
    return this.#ledger.facts();
  }

  /** A frame of an agent's log, the next in its order. */
  onFrame(frame: Frame, agent: number): void {
    const { recorder, links } = this.#options;
    links[agent]!.hear();
    this.#frameMs = performance.now();
    recorder.recordReceived(frame.kind, frame.bytes);
    if (frame.kind !== FrameKind.agent) return;
    const news = jsonOfFrame(frame);
    if (isAgentNews(news) && news.agent === agent) this.#onNews(news);
  }

  /** Ends the run, as events can't get here any more. Once; agents stop what they do. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.stopIssuing();
    this.cancelInFlight();
    this.#phase?.fail(error);
    this.#onChange();
  }

  /** Whether {@link fail} has ended it. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Watches no more, of a run that never began. */
  discard(): void {
    clearInterval(this.#watching);
  }

  /** Ends what agents do, and waits until each has handed over all that it logged, but for those that are lost. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { links, log } = this.#options;
    const ended = this.#orderAll({ kind: 'end' }, END_TIMEOUT_MS);
    if (this.#failure !== undefined) await this.#closeFailed(ended);
    const deadlineMs = performance.now() + END_TIMEOUT_MS;
    const isWaitedFor = (link: AgentLink) => !this.#left.has(link.index) && !this.#lost.has(link.index);
    while (this.#failure === undefined && links.some(isWaitedFor) && performance.now() < deadlineMs) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
        setTimeout(resolve, WATCH_MS);
      });
    }
    clearInterval(this.#watching);
    for (const link of links) link.close();
    const silent = links.filter(isWaitedFor);
    if (silent.length > 0) {
      log.warning(
        `${silent.map(({ name }) => name).join(', ')}: not all of the run log has come; it is in the run folder there`,
      );
    }
  }

  /** What agents still have can't come; what the stream has may be on its way. */
  async #closeFailed(ended: Promise<unknown>): Promise<void> {
    const startedMs = performance.now();
    await Promise.race([ended, sleep(FAILED_END_MS)]);
    const isQuiet = () => performance.now() - Math.max(startedMs, this.#frameMs) > QUIET_MS;
    while (!isQuiet() && performance.now() - startedMs < FAILED_END_MS) await sleep(QUIET_MS / 4);
  }

  #onState(agent: number, bytes: Uint8Array): void {
    const link = this.#options.links[agent];
    if (link === undefined) return;
    try {
      const state = decodeMessage(stateSchema, bytes, `the state of agent ${link.name}`);
      link.hear(state);
      if (state.stream !== 'ok') this.fail(streamFailure(state.stream));
    } catch (error) {
      this.#options.log.warning(errorText(error));
    }
  }

  #onNews(news: AgentNews): void {
    const { links, log } = this.#options;
    const { name } = links[news.agent]!;
    this.#ledger.fold(news);
    // Those of an agent that was lost may come when the others are in a later phase.
    const isOfPhase = 'phase' in news && (news.phase === null || news.phase === this.#phase?.index);
    switch (news.event) {
      case 'issuing_done':
        if (isOfPhase) this.#phase?.issuingDoneBy(news.agent);
        return;
      case 'phase_done':
        if (isOfPhase) this.#phase?.doneBy(news);
        return;
      case 'first_failure':
        this.#options.onFirstFailure({ errorType: news.error_type, errorMessage: news.error_message });
        return;
      case 'failed':
        log.error(`agent ${name}: ${news.reason}`);
        if (!isOfPhase || this.#out.has(news.agent)) return;
        this.#phase?.failedBy(
          news.agent,
          new InferometerError('INFEROMETER_AGENT_FAILED', 'execution', `agent ${name}: ${news.reason}`),
        );
        this.stopIssuing();
        this.cancelInFlight();
        return;
      case 'left':
        this.#left.add(news.agent);
        this.#onChange();
        return;
      case 'restarted':
        this.#onRestarted(news);
        return;
      default:
    }
  }

  /** The process died, and another one has handed over what it had logged: nothing more will come. */
  #onRestarted({ agent, at_ns: atNs }: AgentNews): void {
    const { links, recorder, log } = this.#options;
    const link = links[agent]!;
    const wasWorking = this.#phase === undefined || this.#phase.working.has(agent);
    const text = `agent ${link.name} died and was started again; all that it had logged is here`;
    this.#lost.delete(agent);
    this.#left.add(agent);
    this.#out.add(agent);
    recorder.recordMark('note', { text });
    if (wasWorking) {
      log.error(`${text}, and its part of the load is missing from then on`);
      if (!this.#missing.has(agent)) this.#recordLost(agent, atNs);
    } else log.warning(`${text}; its part of the load was done`);
    this.#phase?.without(agent);
    this.#onChange();
  }

  /** Finds who is lost, and who is back. While NATS is away from here nothing can be said. */
  #watch(): void {
    const { place, links } = this.#options;
    const { connectedSinceMs } = place;
    if (connectedSinceMs === undefined) return;
    for (const link of links) {
      const silentMs = performance.now() - Math.max(link.heardMs, connectedSinceMs);
      const isLost = silentMs > LOSS_MS && !this.#left.has(link.index);
      if (isLost !== this.#lost.has(link.index)) this.#tell(link, isLost, silentMs);
    }
  }

  #tell(link: AgentLink, isLost: boolean, silentMs: number): void {
    const { recorder, clock, log } = this.#options;
    if (isLost) this.#lost.add(link.index);
    else this.#lost.delete(link.index);
    if (!isLost && this.#out.has(link.index)) {
      log.info(`agent ${link.name} is back, too late for this run`);
      this.#orderEnd(link);
      return;
    }
    const text = isLost
      ? `agent ${link.name} is lost: nothing was heard from it for ${(silentMs / 1000).toFixed(1)} s`
      : `agent ${link.name} is back`;
    recorder.recordMark('note', { text });
    if (isLost) this.#onLost(link.index, text, silentMs);
    else {
      log.info(text);
      if (this.#missing.delete(link.index))
        this.#recordNews({ agent: link.index, at_ns: clock.nowNs(), event: 'returned' });
      this.#phase?.returned(link.index);
    }
    this.#onChange();
  }

  #onLost(agent: number, text: string, silentMs: number): void {
    const { clock, log } = this.#options;
    // What it had to do may be done and here: then a later phase would miss it, and nothing else.
    if (this.#phase === undefined || this.#phase.working.has(agent)) {
      // Before the first phase, the run ends with this text.
      if (this.#phase !== undefined)
        log.error(`${text}; the others go on, and its part of the load is missing from then on`);
      this.#recordLost(agent, Math.round(clock.nowNs() - silentMs * NS_PER_MS));
    } else log.warning(`${text}; its part of the load was done`);
    this.#phase?.lost(agent);
    this.#loss.reject(new InferometerError('INFEROMETER_AGENT_SILENT', 'execution', text));
  }

  #recordNews(news: AgentNews): void {
    this.#ledger.fold(news);
    this.#options.recorder.record(FrameKind.agent, jsonFrame(news));
  }

  /** Resolves once each has answered, or did not in time. */
  #orderAll(order: NewOrder, timeoutMs: number): Promise<unknown> {
    const isAsked = ({ index }: AgentLink) =>
      !this.#left.has(index) && (order.kind === 'end' || !this.#out.has(index));
    const asked = this.#options.links.filter(isAsked);
    return Promise.all(
      asked.map((link) =>
        link.order(order, 'done', timeoutMs).catch((error: unknown) => {
          if (!link.isClosed && !this.#lost.has(link.index) && !this.#left.has(link.index))
            this.#options.log.warning(`${order.kind}: ${errorText(error)}`);
        }),
      ),
    );
  }
}
