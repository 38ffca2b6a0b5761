import { assertNever } from '../core/errors.ts';
import { RandomSource } from '../core/random.ts';
import { createRunClock, type RunClock } from '../core/time.ts';
import { RequestArena } from '../dataset/arena.ts';
import { TurnTable } from '../dataset/turn-table.ts';
import type { PhasePlan } from '../plan/plan.ts';
import { createPlanShare } from '../plan/share.ts';
import { adapterOf } from '../protocol/adapters.ts';
import { BatchWriter } from './batch-writer.ts';
import type { ConnectionTools } from './connection.ts';
import { ConnectionPool, type RequestSource } from './connection-pool.ts';
import { Connector } from './connector.ts';
import { Conversations } from './conversations/conversations.ts';
import { SaltedRequests } from './salted-requests.ts';
import { TurnRequests } from './conversations/turn-requests.ts';
import { Deadlines } from './deadlines.ts';
import { HealthMonitor } from './health.ts';
import { Issuer } from './issuer.ts';
import { LoopLateness } from './loop-lateness.ts';
import { PacingRecord } from './pacing-record.ts';
import { PlannedCancels } from './planned-cancels.ts';
import { ProbeReader } from './probe-reader.ts';
import { SampleRecorder } from './sample-recorder.ts';
import { shareOf } from './settings.ts';
import { StampedRequests } from './stamped-requests.ts';
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
/** Of a request, the first bytes, in which its target stands. */
const MAX_TARGET_BYTES = 2048;
/** Behind a complete response, the end of its message comes within a network hiccup or not at all. */
const MESSAGE_END_TIMEOUT_MS = 50;

type PhaseOrder = Extract<WorkerOrder, { kind: 'phase' }>;

/** One worker of the engine, apart from the thread it runs on: orders in, news out. */
export class EngineWorker {
  readonly #start: WorkerStart;
  readonly #send: (news: WorkerNews) => void;
  readonly #counters: Int32Array;
  readonly #clock: RunClock;
  readonly #writer: BatchWriter;
  readonly #pools: readonly ConnectionPool[];
  readonly #tools: ConnectionTools;
  readonly #pacing = new PacingRecord();
  readonly #health = new HealthMonitor(this.#pacing);
  readonly #healthTimer: NodeJS.Timeout;
  readonly #lateness: LoopLateness | undefined;
  #probeReader: ProbeReader | undefined;
  readonly #beatTimer: NodeJS.Timeout;
  #issuer: Issuer | undefined;
  readonly #conversations: Conversations | undefined;
  /**
   * Whose turn it is. Each worker alternates by itself: by the number of the sample, one of two workers would send to one of two
   * endpoints only, and leave its connections to the other idle.
   */
  #nextPool: number;
  /** A performance phase is under way. */
  #isMeasured = false;
  /** Records when the health was told last. */
  #toldRecords = 0;

  constructor(start: WorkerStart, send: (news: WorkerNews) => void) {
    const { settings, workerIndex } = start;
    const { requestTimeoutMs, connectTimeoutMs, cancel, seed = 0 } = settings;
    this.#start = start;
    this.#send = send;
    this.#counters = new Int32Array(start.counters);
    this.#clock = createRunClock(settings.originNs);
    this.#lateness = start.probes && new LoopLateness(this.#clock, start.probes);
    this.#writer = new BatchWriter(workerIndex, (frame) => {
      this.#sendWindows();
      send(frame);
    });
    this.#tools = {
      clock: this.#clock,
      recorder: new SampleRecorder(this.#writer, this.#counters, (failure) =>
        send({ kind: 'firstFailure', failure }),
      ),
      lateness: this.#lateness,
      plannedCancels: cancel && new PlannedCancels(cancel, seed),
      connectDeadlines: new Deadlines(this.#clock, Math.min(requestTimeoutMs, connectTimeoutMs)),
      answerDeadlines: new Deadlines(this.#clock, requestTimeoutMs),
      endingDeadlines: new Deadlines(this.#clock, MESSAGE_END_TIMEOUT_MS),
    };
    this.#conversations = this.#createConversations();
    this.#tools.recorder.turns = this.#conversations;
    this.#pools = this.#createPools();
    this.#nextPool = workerIndex % this.#pools.length;
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
        const slots = change.kind === 'concurrency' ? this.#share(change.concurrency) : undefined;
        this.#issuer?.change(change, slots);
        return;
      }
      case 'exhausted':
        this.#issuer?.exhausted();
        return;
      case 'stop':
        this.#issuer?.stop();
        for (const pool of this.#pools) pool.dropWaiting(this.#clock.nowNs());
        return;
      case 'cancel':
        for (const pool of this.#pools) pool.cancelAll(this.#clock.nowNs());
        return;
      default:
        assertNever(order);
    }
  }

  /** Closes sockets and timers; what is in flight is forgotten. */
  close(): void {
    this.#issuer?.stop();
    for (const pool of this.#pools) pool.close();
    this.#tools.connectDeadlines.close();
    this.#tools.answerDeadlines.close();
    this.#tools.endingDeadlines.close();
    this.#health.close();
    this.#probeReader?.close();
    clearInterval(this.#healthTimer);
    clearInterval(this.#beatTimer);
    this.#writer.flush();
  }

  /** This worker's part of something that all workers share out. */
  #share(total: number): number {
    return shareOf(total, this.#start.workerIndex, this.#start.workerCount);
  }

  #createConversations(): Conversations | undefined {
    const { conversations, seed = 0 } = this.#start.settings;
    if (conversations === undefined) return undefined;
    const { turns, heads, rules, historyMemory } = conversations;
    return new Conversations({
      ...{ clock: this.#clock, heads, rules, seed, historyMemory },
      turns: new TurnTable(turns),
    });
  }

  #createPools(): readonly ConnectionPool[] {
    const {
      endpoints,
      arenas,
      api,
      streaming,
      tlsVerify,
      tls,
      proxies,
      addresses,
      maxConnections,
      connections: use,
      requestsPerConnection,
      responseMemory,
      seed = 0,
    } = this.#start.settings;
    const reader = adapterOf(api).createReader();
    const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    const connections = this.#share(maxConnections);
    const conversations = this.#conversations;
    return endpoints.map(
      (endpoint, index) =>
        new ConnectionPool({
          connector: new Connector(endpoint, readBuffer, {
            ...{ tlsVerify, tls },
            proxy: proxies?.[index],
            addresses: addresses?.[index],
            firstAddress: this.#start.workerIndex,
          }),
          reader,
          requests: this.#requests(RequestArena.fromShared(arenas[index]!), index),
          target: this.#targetOf(index),
          tools: this.#tools,
          streaming,
          maxConnections: Math.max(1, shareOf(connections, index, endpoints.length)),
          reuse: use === 'reuse',
          requestsPerConnection,
          responseMemory,
          random: new RandomSource(BigInt(seed) + BigInt(this.#start.workerIndex * endpoints.length + index)),
          ...(conversations === undefined
            ? { onSampleEnd: () => this.#issuer?.ticketEnded() }
            : {
                onResponse: (seq, final) => conversations.onResponse(seq, final),
                onSampleEnd: (seq, nowNs, succeededNs) => conversations.sampleEnded(seq, nowNs, succeededNs),
              }),
        }),
    );
  }

  #requests(arena: RequestArena, endpoint: number): RequestSource {
    const { slots } = this.#start.settings;
    const ofEndpoint = slots?.[endpoint] ?? [];
    const requests = this.#unstamped(arena, endpoint);
    if (ofEndpoint.length === 0) return requests;
    const conversations = this.#conversations;
    // A request without a conversation is one by itself.
    const conversationOf = (seq: number) => conversations?.placeOf(seq).conversation ?? seq;
    return new StampedRequests(requests, ofEndpoint, conversationOf);
  }

  /** `POST /v1/completions`, as the requests to an endpoint begin; that of a model which some rows replace is the first row's. */
  #targetOf(endpoint: number): string | undefined {
    const { conversations, arenas } = this.#start.settings;
    const head =
      conversations?.heads[endpoint] ??
      Buffer.from(RequestArena.fromShared(arenas[endpoint]!).requestBytes(0)).toString(
        'latin1',
        0,
        MAX_TARGET_BYTES,
      );
    // A query may hold a key.
    return /^[A-Z]+ [^\s?]+/.exec(head)?.[0];
  }

  #unstamped(arena: RequestArena, endpoint: number): RequestSource {
    const { salt, seed = 0 } = this.#start.settings;
    if (this.#conversations !== undefined) return new TurnRequests(arena, this.#conversations);
    return salt === undefined ? arena : new SaltedRequests(arena, salt, endpoint, seed);
  }

  async #warm(connections: number): Promise<WarmResult> {
    const pools = this.#pools;
    return totalOf(
      await Promise.all(pools.map((pool, index) => pool.warm(shareOf(connections, index, pools.length)))),
    );
  }

  #runPhase({ phase, ticketCounter, sampleCounter }: PhaseOrder): void {
    const { plan, firstSampleSeq, firstConversation, startNs } = phase;
    const conversations = this.#conversations;
    const { workerIndex, workerCount, settings } = this.#start;
    const pools = this.#pools;
    this.#sendHealth();
    this.#isMeasured = plan.kind === 'performance';
    const sentBefore = this.#counters[COUNTERS.issued]!;
    const notSentBefore = this.#counters[COUNTERS.notSent]!;
    conversations?.beginPhase({
      ...{ firstConversation, firstSampleSeq, sampleCounter },
      send: (endpoint, seq, row, dueNs) => pools[endpoint]!.send(seq, row, dueNs),
      onDue: () => this.#issuer?.followUpAdded(),
      onEnd: () => this.#issuer?.ticketEnded(),
    });
    this.#issuer = new Issuer({
      clock: this.#clock,
      pacing: settings.pacing,
      record: this.#pacing,
      share: createPlanShare(plan, workerIndex, workerCount, ticketCounter),
      stop: plan.stop,
      startNs,
      slots: this.#slots(plan),
      slotsAt: (concurrency) => this.#share(concurrency),
      followUps: conversations,
      send: (index, row, dueNs) => {
        const pool = this.#nextPool;
        this.#nextPool = (pool + 1) % pools.length;
        if (conversations === undefined) pools[pool]!.send(firstSampleSeq + index, row, dueNs);
        else conversations.begin(index, row, dueNs, pool);
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

  #slots({ arrivals }: PhasePlan): number {
    switch (arrivals.pattern) {
      case 'burst':
        return this.#share(this.#start.settings.maxConnections);
      case 'concurrency':
        return this.#share(arrivals.concurrency);
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
      connectFailures: this.#pools.reduce((sum, { connectFailures }) => sum + connectFailures, 0),
      connectBackOffMs: this.#pools.reduce((sum, { backOffMs }) => sum + backOffMs, 0),
      resent: this.#pools.reduce((sum, { resent }) => sum + resent, 0),
      strayMessages: this.#pools.reduce((sum, { strayMessages }) => sum + strayMessages, 0),
      singleUseEndpoints: this.#pools.reduce((sum, { isSingleUse }) => sum + (isSingleUse ? 1 : 0), 0),
      lateness: this.#lateness?.take(),
    };
    this.#send({ kind: 'health', health });
  }
}
