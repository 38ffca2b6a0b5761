import { assertNever } from '../core/errors.ts';
import type { ErrorData } from '../core/model-output.ts';
import { RandomSource } from '../core/random.ts';
import { createRunClock, NS_PER_MS, type RunClock } from '../core/time.ts';
import { RequestArena } from '../dataset/arena.ts';
import { TurnTable } from '../dataset/turn-table.ts';
import { type PhasePlan, WHOLE_PLAN } from '../plan/plan.ts';
import { createPlanShare, numberInPlan } from '../plan/share.ts';
import { drawTicket } from '../plan/tickets.ts';
import { adapterOf } from '../protocol/adapters.ts';
import { BatchWriter } from './batch-writer.ts';
import type { ConnectionTools } from './connection.ts';
import { ConnectionTimer } from './connection-timer.ts';
import { ConnectionPool, type ConnectionPoolOptions } from './connection-pool.ts';
import { Connector } from './connector.ts';
import { Conversations } from './conversations/conversations.ts';
import { Deadlines } from './deadlines.ts';
import type { KeptHeader } from './exchange.ts';
import { TURN_ABORTED } from './failure.ts';
import { endpointRequests, targetOf } from './endpoint-requests.ts';
import { EndpointBalance } from './endpoint-balance.ts';
import { HealthMonitor } from './health.ts';
import { SessionPool } from './http2/session-pool.ts';
import { Issuer } from './issuer.ts';
import { LoopLateness } from './loop-lateness.ts';
import { PacingRecord } from './pacing-record.ts';
import { PlannedCancels } from './planned-cancels.ts';
import { Retries } from './retries.ts';
import { RetryRules } from './retry-rules.ts';
import { RetryingRecorder } from './retrying-recorder.ts';
import { groupOfSamples, type PhaseGroup, phaseGroupOffset, type SampleGroupOf } from './sample-group.ts';
import { ProbeReader } from './probe-reader.ts';
import type { SampleClient } from './sample-client.ts';
import { type ModelSettings, SampleModels } from './sample-models.ts';
import { SampleRecorder } from './sample-recorder.ts';
import { type EngineSegment, shareOf } from './settings.ts';
import { totalOf } from './warming.ts';
import {
  BEAT_INTERVAL_MS,
  COUNTERS,
  type WarmResult,
  type WorkerNews,
  type WorkerOrder,
  type WorkerStart,
} from './worker-messages.ts';

/** A read takes what is there, up to this: more than the kernel hands over at once. */
const READ_BUFFER_BYTES = 64 * 1024;
const HEALTH_INTERVAL_MS = 1000;
/** Behind a complete response, the end of its message comes within a network hiccup or not at all. */
const MESSAGE_END_TIMEOUT_MS = 50;

const ALONE: EngineSegment = { ...WHOLE_PLAN, firstWorker: 0 };
const ONE_MODEL: ModelSettings = { weights: [1] };

type PhaseOrder = Extract<WorkerOrder, { kind: 'phase' }>;

/** One worker of the engine, apart from the thread it runs on: orders in, news out. */
export class EngineWorker {
  readonly #start: WorkerStart;
  readonly #segment: EngineSegment;
  readonly #send: (news: WorkerNews) => void;
  readonly #counters: Int32Array;
  readonly #clock: RunClock;
  readonly #writer: BatchWriter;
  readonly #arenas: readonly RequestArena[];
  readonly #pools: readonly SampleClient[];
  readonly #retries: readonly Retries[];
  readonly #tools: ConnectionTools;
  readonly #connectionTimer = new ConnectionTimer();
  readonly #pacing = new PacingRecord();
  readonly #health = new HealthMonitor(this.#pacing);
  readonly #healthTimer: NodeJS.Timeout;
  readonly #lateness: LoopLateness | undefined;
  #probeReader: ProbeReader | undefined;
  readonly #beatTimer: NodeJS.Timeout;
  #issuer: Issuer | undefined;
  readonly #conversations: Conversations | undefined;
  readonly #models: SampleModels;
  readonly #balance: EndpointBalance;
  #hasToldFailure = false;
  /** A performance phase is under way. */
  #isMeasured = false;
  readonly #phaseGroup: PhaseGroup = { offset: 0 };
  /** Records when the health was told last. */
  #toldRecords = 0;

  constructor(start: WorkerStart, send: (news: WorkerNews) => void) {
    const { settings } = start;
    const { requestTimeoutMs, connectTimeoutMs, cancel, seed = 0 } = settings;
    this.#start = start;
    this.#segment = settings.segment ?? ALONE;
    this.#send = send;
    this.#counters = new Int32Array(start.counters);
    this.#clock = createRunClock(settings.originNs);
    this.#lateness = start.probes && new LoopLateness(this.#clock, start.probes);
    this.#writer = new BatchWriter(this.#worker, (frame) => {
      this.#sendWindows();
      send(frame);
    });
    this.#conversations = this.#createConversations();
    const { models = ONE_MODEL } = settings;
    this.#models = new SampleModels(models, seed, this.#conversations);
    this.#tools = {
      clock: this.#clock,
      recorder: this.#createRecorder(),
      lateness: this.#lateness,
      connectionTimer: this.#connectionTimer,
      plannedCancels: cancel && new PlannedCancels(cancel, seed),
      connectDeadlines: new Deadlines(this.#clock, Math.min(requestTimeoutMs, connectTimeoutMs)),
      answerDeadlines: new Deadlines(this.#clock, requestTimeoutMs),
      endingDeadlines: new Deadlines(this.#clock, MESSAGE_END_TIMEOUT_MS),
    };
    this.#arenas = settings.arenas.map((arena) => RequestArena.fromShared(arena));
    const { balance = 'round_robin', endpoints } = settings;
    this.#balance = new EndpointBalance(balance, endpoints.length, this.#worker);
    this.#retries = this.#createRetries();
    this.#pools = this.#createPools();
    this.#beatTimer = setInterval(() => this.#beat(), BEAT_INTERVAL_MS).unref();
    this.#healthTimer = setInterval(() => this.#onSecond(), HEALTH_INTERVAL_MS);
  }

  take(order: WorkerOrder): void {
    switch (order.kind) {
      case 'probes':
        if (this.#lateness !== undefined)
          this.#probeReader = new ProbeReader(order.port, this.#clock, this.#lateness, () =>
            this.#send({ kind: 'probing' }),
          );
        return;
      case 'warm':
        void this.#warm(order.connections).then((result) => this.#send({ kind: 'warmed', result }));
        return;
      case 'phase':
        this.#runPhase(order);
        return;
      case 'change': {
        const { change } = order;
        const slots = change.kind === 'concurrency' ? this.#slotsAt(change.concurrency) : undefined;
        this.#issuer?.change(change, slots);
        return;
      }
      case 'exhausted':
        this.#issuer?.exhausted();
        return;
      case 'finish':
        this.#issuer?.finish();
        return;
      case 'stop':
        this.#issuer?.stop();
        for (const pool of this.#pools) pool.dropWaiting(this.#clock.nowNs());
        return;
      case 'cancel':
        for (const pool of this.#pools) pool.cancelAll(this.#clock.nowNs());
        for (const retries of this.#retries) retries.cancelAll(this.#clock.nowNs());
        return;
      default:
        assertNever(order);
    }
  }

  /** Closes sockets and timers; what is in flight is forgotten. */
  close(): void {
    this.#issuer?.stop();
    for (const pool of this.#pools) pool.close();
    for (const retries of this.#retries) retries.close();
    this.#tools.connectDeadlines.close();
    this.#tools.answerDeadlines.close();
    this.#tools.endingDeadlines.close();
    this.#health.close();
    this.#probeReader?.close();
    clearInterval(this.#healthTimer);
    clearInterval(this.#beatTimer);
    this.#writer.flush();
  }

  /** What it is known as in the run. */
  get #worker(): number {
    return this.#segment.firstWorker + this.#start.workerIndex;
  }

  /** This worker's part of something that the workers of its load generator share out. */
  #share(total: number): number {
    return shareOf(total, this.#start.workerIndex, this.#start.workerCount);
  }

  /** Its slots at a concurrency of all load generators. */
  #slotsAt(concurrency: number): number {
    const { index, count } = this.#segment;
    return this.#share(shareOf(concurrency, index, count));
  }

  #createConversations(): Conversations | undefined {
    const { conversations, api, seed = 0 } = this.#start.settings;
    if (conversations === undefined) return undefined;
    const { turns, heads, rules, historyMemory } = conversations;
    return new Conversations({
      ...{ clock: this.#clock, heads, rules, seed, historyMemory, adapter: adapterOf(api) },
      turns: new TurnTable(turns),
    });
  }

  #createPools(): readonly SampleClient[] {
    const {
      endpoints,
      api,
      streaming,
      tlsVerify,
      tls,
      proxies,
      addresses,
      maxConnections,
      connections: use,
      http,
      requestsPerConnection,
      responseMemory,
      modelNames,
      seed = 0,
    } = this.#start.settings;
    const reader = adapterOf(api).createReader();
    const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    const connections = this.#share(maxConnections);
    const conversations = this.#conversations;
    const parts = { settings: this.#start.settings, conversations, models: this.#models };
    return endpoints.map((endpoint, index) => {
      const options: ConnectionPoolOptions = {
        connector: new Connector(endpoint, readBuffer, {
          ...{ tlsVerify, tls },
          proxy: proxies?.[index],
          addresses: addresses?.[index],
          firstAddress: this.#worker,
          timer: this.#connectionTimer,
        }),
        reader,
        requests: endpointRequests(parts, this.#arenas[index]!, index),
        target: targetOf(parts.settings, this.#arenas[index]!, index),
        models: modelNames,
        tools: this.#toolsOf(index, this.#retries[index]),
        streaming,
        maxConnections: Math.max(1, shareOf(connections, index, endpoints.length)),
        reuse: use === 'reuse',
        requestsPerConnection,
        responseMemory,
        random: new RandomSource(BigInt(seed) + BigInt(this.#worker * endpoints.length + index)),
        ...(conversations !== undefined && {
          onResponse: (seq, final) => conversations.onResponse(seq, final),
        }),
        onSampleEnd: this.#sampleEndOf(index),
        keptFor: this.#keptFor,
        keptHeader: this.#keptHeader,
      };
      return http === 2 ? new SessionPool({ ...options, tls: endpoint.tls }) : new ConnectionPool(options);
    });
  }

  /** Later requests of a conversation send the value back; undefined where none is to be. */
  get #keptHeader(): KeptHeader | undefined {
    const conversations = this.#conversations;
    const header = this.#start.settings.conversations?.sessionToken?.toLowerCase();
    if (header === undefined || conversations === undefined) return undefined;
    return { header, onValue: (seq, value) => conversations.keepToken(seq, value) };
  }

  /** Which conversation the connection of a sample is kept for; undefined where connections are shared. */
  get #keptFor(): ((seq: number) => number) | undefined {
    const conversations = this.#conversations;
    const keeps = this.#start.settings.conversations?.rules.keepsConnection === true;
    return keeps && conversations !== undefined
      ? (seq) => conversations.placeOf(seq).conversation
      : undefined;
  }

  /** Of each endpoint; none without `retry`. */
  #createRetries(): readonly Retries[] {
    const { retry, seed = 0, endpoints } = this.#start.settings;
    if (retry === undefined) return [];
    return endpoints.map((_, endpoint) => {
      return new Retries({
        clock: this.#clock,
        rules: new RetryRules(retry, seed),
        plannedCancels: this.#tools.plannedCancels,
        send: (seq, row, dueNs) => this.#pools[endpoint]!.send(seq, row, dueNs),
        end: (seq, failure, nowNs) => {
          this.#tools.recorder.failed(seq, nowNs, failure);
          this.#endSample(endpoint, seq, nowNs, NaN);
        },
      });
    });
  }

  #sampleEndOf(endpoint: number): ConnectionPoolOptions['onSampleEnd'] {
    const retries = this.#retries[endpoint];
    return (seq, nowNs, succeededNs) => {
      if (retries?.goesOn(seq) !== true) this.#endSample(endpoint, seq, nowNs, succeededNs);
    };
  }

  #endSample(endpoint: number, seq: number, nowNs: number, succeededNs: number): void {
    this.#balance.ended(endpoint);
    if (this.#conversations === undefined) this.#issuer?.ticketEnded();
    else this.#conversations.sampleEnded(seq, nowNs, succeededNs);
  }

  /** @hot */
  #sendSample(endpoint: number, seq: number, row: number, dueNs: number): void {
    this.#balance.sent(endpoint);
    this.#pools[endpoint]!.send(seq, row, dueNs);
  }

  /** The recorders of endpoints differ where samples have groups, or several attempts. */
  #toolsOf(endpoint: number, retries: Retries | undefined): ConnectionTools {
    const { groups, cancel, seed = 0 } = this.#start.settings;
    if (groups === undefined && retries === undefined) return this.#tools;
    const groupOf =
      groups &&
      groupOfSamples(groups, {
        ...{ endpoint, models: this.#models, phase: this.#phaseGroup },
        agent: this.#segment.index,
      });
    const recorder = this.#createRecorder(groupOf, retries);
    if (retries === undefined || cancel === undefined) return { ...this.#tools, recorder };
    const leftMs = (seq: number, delayMs: number) => retries.cancelMsOf(seq, delayMs);
    return { ...this.#tools, recorder, plannedCancels: new PlannedCancels(cancel, seed, leftMs) };
  }

  #createRecorder(groupOf?: SampleGroupOf, retries?: Retries): SampleRecorder {
    const onFailure = (failure: ErrorData) => {
      if (!this.#hasToldFailure) this.#send({ kind: 'firstFailure', failure });
      this.#hasToldFailure = true;
    };
    const parts = [this.#writer, this.#counters, onFailure, groupOf] as const;
    const recorder =
      retries === undefined ? new SampleRecorder(...parts) : new RetryingRecorder(retries, ...parts);
    recorder.turns = this.#conversations;
    return recorder;
  }

  async #warm(connections: number): Promise<WarmResult> {
    const pools = this.#pools;
    return totalOf(
      await Promise.all(pools.map((pool, index) => pool.warm(shareOf(connections, index, pools.length)))),
    );
  }

  #runPhase({ phase, ticketCounter, sampleCounter, firstIdleTicket }: PhaseOrder): void {
    const { plan, firstSampleSeq, firstConversation, startNs } = phase;
    const conversations = this.#conversations;
    const { workerIndex, workerCount, settings } = this.#start;
    this.#sendHealth();
    this.#isMeasured = plan.kind === 'performance';
    this.#phaseGroup.offset = phaseGroupOffset(settings.groups ?? [], plan.name);
    const sentBefore = this.#counters[COUNTERS.issued]!;
    const notSentBefore = this.#counters[COUNTERS.notSent]!;
    this.#models.beginPhase(firstSampleSeq, firstConversation);
    conversations?.beginPhase({
      ...{ firstConversation, sampleCounter },
      sampleSeqOf: (ticket) => firstSampleSeq + numberInPlan(ticket, this.#segment),
      repeatsOf: repeatsOf(plan.order, firstConversation),
      startsMidway: this.#startsMidway(plan),
      send: (endpoint, seq, row, dueNs) => this.#sendSample(endpoint, seq, row, dueNs),
      failUnsent: (endpoint, seq, row, nowNs) => {
        const { recorder } = this.#toolsOf(endpoint, undefined);
        recorder.issued(seq, nowNs, nowNs, row);
        recorder.failed(seq, nowNs, TURN_ABORTED);
      },
      onDue: () => this.#issuer?.followUpAdded(),
      onEnd: (endpoint, conversation) => {
        this.#pools[endpoint]!.conversationEnded?.(conversation);
        this.#issuer?.ticketEnded();
      },
    });
    this.#issuer = new Issuer({
      clock: this.#clock,
      pacing: settings.pacing,
      record: this.#pacing,
      share: createPlanShare(plan, workerIndex, workerCount, ticketCounter, this.#segment),
      stop: plan.stop,
      startNs,
      slots: this.#slots(plan),
      slotsAt: (concurrency) => this.#slotsAt(concurrency),
      followUps: conversations,
      onIdle: this.#onIdle(firstIdleTicket),
      send: (index, row, dueNs) => {
        const endpoint = this.#balance.choose();
        if (conversations === undefined) this.#sendSample(endpoint, firstSampleSeq + index, row, dueNs);
        else conversations.begin(index, row, dueNs, endpoint);
      },
      onIssuingDone: (stopped) => this.#send({ kind: 'issuingDone', stopped }),
      onFinished: (sentTickets) => {
        this.#issuer = undefined;
        this.#writer.flush();
        this.#sendHealth();
        this.#isMeasured = false;
        const sent = (this.#counters[COUNTERS.issued]! - sentBefore) >>> 0;
        const notSent = (this.#counters[COUNTERS.notSent]! - notSentBefore) >>> 0;
        const counts =
          conversations === undefined
            ? { tickets: sentTickets, conversations: 0, cutOff: 0 }
            : {
                tickets: conversations.sampled,
                conversations: sentTickets,
                cutOff: conversations.cutOff,
              };
        this.#send({ kind: 'phaseDone', counts: { ...counts, sent, notSent } });
      },
    });
    this.#issuer.start();
  }

  /** So many conversations of a phase start midway, those that begin first; they are as many as all workers have slots. */
  #startsMidway({ arrivals }: PhasePlan): number {
    const { conversations, maxConnections } = this.#start.settings;
    if (conversations?.rules.startsMidway !== true) return 0;
    return arrivals.pattern === 'concurrency' ? arrivals.concurrency : maxConnections * this.#segment.count;
  }

  /** What a worker does that has no conversation to take the place of one that has ended; undefined where it does nothing. */
  #onIdle(firstIdleTicket: Int32Array): (() => void) | undefined {
    const { onFirstIdle = 'continue' } = this.#start.settings.conversations?.rules ?? {};
    if (onFirstIdle === 'continue' || !this.#isMeasured) return undefined;
    return () => {
      if (drawTicket(firstIdleTicket, 1) < 0) return;
      this.#tools.recorder.stopsMeasuring(this.#clock.nowNs());
      this.#send({ kind: 'firstIdle' });
      if (onFirstIdle === 'stop_issuing') this.#issuer?.finish();
    };
  }

  #slots({ arrivals }: PhasePlan): number {
    switch (arrivals.pattern) {
      case 'burst':
        return this.#share(this.#start.settings.maxConnections);
      case 'concurrency':
        return this.#slotsAt(arrivals.concurrency);
      default:
        return Infinity;
    }
  }

  #onSecond(): void {
    for (const pool of this.#pools) pool.discardIdle(this.#clock.nowNs());
    this.#sendHealth();
  }

  #beat(): void {
    Atomics.add(this.#counters, COUNTERS.beat, 1);
    const waiting = this.#pools.reduce((sum, pool) => sum + pool.waiting, 0);
    Atomics.store(this.#counters, COUNTERS.waiting, waiting);
    if (this.#start.settings.watchesReads !== true) return;
    const lastReadNs = this.#pools.reduce((latest, pool) => Math.max(latest, pool.lastReadNs()), 0);
    Atomics.store(this.#counters, COUNTERS.lastReadMs, Math.round(lastReadNs / NS_PER_MS));
  }

  #sendWindows(): void {
    const windows = this.#lateness?.takeWindows();
    if (windows !== undefined) this.#send({ kind: 'windows', windows });
  }

  #sendHealth(): void {
    const { recordCount } = this.#writer;
    const events = recordCount - this.#toldRecords;
    this.#toldRecords = recordCount;
    const health = {
      ...this.#health.take(),
      isMeasured: this.#isMeasured,
      events,
      connectionsOpened: this.#pools.reduce((sum, { opened }) => sum + opened, 0),
      connectionTimes: this.#connectionTimer.take(),
      connectFailures: this.#pools.reduce((sum, { connectFailures }) => sum + connectFailures, 0),
      connectBackOffMs: this.#pools.reduce((sum, { backOffMs }) => sum + backOffMs, 0),
      requestReadMs:
        this.#arenas.reduce((sum, { fileReadMs }) => sum + fileReadMs, 0) +
        (this.#conversations?.fileReadMs ?? 0),
      resent: this.#pools.reduce((sum, { resent }) => sum + resent, 0),
      strayMessages: this.#pools.reduce((sum, { strayMessages }) => sum + strayMessages, 0),
      singleUseEndpoints: this.#pools.reduce((sum, { isSingleUse }) => sum + (isSingleUse ? 1 : 0), 0),
      otherModel: this.#pools.find(({ otherModel }) => otherModel !== undefined)?.otherModel,
      lateness: this.#lateness?.take(),
    };
    this.#send({ kind: 'health', health });
  }
}

/** How many times a conversation of a phase was sent before, by its number there: once in each pass over the dataset. */
function repeatsOf(
  { order, datasetSize }: PhasePlan['order'],
  firstConversation: number,
): (index: number) => number {
  const before = Math.ceil(firstConversation / datasetSize);
  const isInPasses = order === 'sequential' || order === 'without_replacement';
  // What is drawn with replacement has no passes: each time is one of its own.
  return (index) => before + (isInPasses ? Math.floor(index / datasetSize) : index);
}
