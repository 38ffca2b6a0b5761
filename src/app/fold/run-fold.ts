import { AggregatorService, type AggregatorServiceOptions } from '../../aggregator/service.ts';
import { AgentLedger, isAgentNews } from '../../core/agent-news.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { EventKind } from '../../core/event-types.ts';
import type { Log } from '../../core/log.ts';
import { monotonicNs, NS_PER_MS } from '../../core/time.ts';
import type { EventBatch } from '../../events/event-batch.ts';
import type { UntilEnd } from '../../core/until.ts';
import { decodeWindows } from '../../events/lateness-windows.ts';
import { decodePayload } from '../../events/payload.ts';
import { decodePrompts } from '../../events/prompts-codec.ts';
import type { MessageFault } from '../../events/record-batches.ts';
import { MetricsRegistry } from '../../metrics/registry.ts';
import { SnapshotPublisher } from '../../metrics/snapshot-publisher.ts';
import type { ExactInteger, Json, MetricsSnapshot } from '../../metrics/snapshot.ts';
import { type GoodRule, parseGoodRule } from '../../rules/good-rule.ts';
import { type UntilRule, untilRulesOf } from '../../rules/until-rule.ts';
import { EventFrames } from '../../runlog/event-frames.ts';
import { readLogOrigin } from '../../runlog/log-origin.ts';
import { PowerHistory } from '../../server-metrics/power-history.ts';
import { powerSampleOf } from '../../server-metrics/power-sample.ts';
import { ServerHistory } from '../../server-metrics/server-history.ts';
import { serverSampleOf } from '../../server-metrics/server-sample.ts';
import type { TokenCounter } from '../../tokens/token-counter.ts';
import { WorkerTokenCounter } from '../../tokens/worker-token-counter.ts';
import { FrameKind, type Frame } from '../../transport/frame.ts';
import type { MessagePublisher } from '../../transport/message.ts';
import {
  ClientHealth,
  clientMomentOf,
  isStuckReport,
  type AnyHealthReport,
  type StuckReport,
} from './client-health.ts';
import { accountOfFrame, EngineAccount } from '../run-folder/engine-account.ts';
import { ReceptionTally, receptionOfFrame } from '../run-folder/reception.ts';
import {
  decodeRunHeader,
  isAggregated,
  isReportDirectory,
  jsonOfFrame,
  publishedByJson,
  type RunHeader,
} from '../run-folder/run-header.ts';
import { markOfFrame, untilOfFrame } from '../run-folder/run-marks.ts';

export interface RunFoldOptions {
  readonly publisher: MessagePublisher<MetricsSnapshot>;
  /** File of the final snapshot; undefined for none. */
  readonly finalPath: string | undefined;
  /** 0 = no live snapshots. */
  readonly publishIntervalMs: number;
  /** 0 = no limit. */
  readonly drainTimeoutMs: number;
  /** Directory for raw values past the memory budget. */
  readonly spillDirectory: string;
  /**
   * What counts tokens, a path or null for none: for the run itself the tokenizer that its header names; for a log that somebody else may
   * have written, and that may name any file, one that was asked for.
   */
  readonly tokenizerOf: (header: RunHeader) => string | null;
  /** Whether the run was stopped before its plan was done, where that is known better than from its frames. */
  readonly stoppedEarly?: boolean;
  /** When a sample is good, in place of what the run was started with. */
  readonly good?: GoodRule | undefined;
  /** Tail latencies with MLPerf's early-stopping estimates, in place of what the header says. */
  readonly earlyStopping?: boolean | undefined;
  /** How the frames came to us, for the snapshots' extras. */
  readonly eventStream: () => { readonly [key: string]: Json };
  /** Time of a snapshot; default CLOCK_MONOTONIC. */
  readonly nowNs?: () => ExactInteger;
  readonly log: Log;
}

/** Raw values of one series kept in memory: a million; the rest goes to a file. */
export const RAW_BUDGET_BYTES = 8 * 2 ** 20;
/** What could not be read of other wires is told one by one up to here; all of it is counted. */
const TOLD_FAULTS = 5;

/**
 * Folds the frames of one run, in order, into metrics and their snapshots: the one code behind the live aggregator,
 * recovery and replay. The first frame is the run's header and decides which metrics there are.
 */
export class RunFold {
  readonly #options: RunFoldOptions;
  readonly #health = new ClientHealth();
  readonly #account = new EngineAccount();
  readonly #reception = new ReceptionTally();
  #events: EventFrames | undefined;
  readonly #faults = { messages: 0, records: 0 };
  #header: RunHeader | undefined;
  #service: AggregatorService | undefined;
  #tokenCounter: TokenCounter | undefined;
  #registry: MetricsRegistry | undefined;
  #interrupted = false;
  #stoppedEarly = false;
  readonly #servers = new ServerHistory();
  readonly #power = new PowerHistory();
  readonly #agents = new AgentLedger();
  #endReason: string | undefined;
  #until: UntilEnd | undefined;

  constructor(options: RunFoldOptions) {
    this.#options = options;
  }

  /** Present once the header was folded. */
  get header(): RunHeader | undefined {
    return this.#header;
  }

  /** True once the session's end was folded; frames behind it change nothing. */
  get ended(): boolean {
    const state = this.#service?.aggregator.state;
    return state !== undefined && state !== 'initialize' && state !== 'live';
  }

  /** How far the events folded reach, ns since the run's origin; undefined before the header. */
  get latestNs(): number | undefined {
    return this.#service?.aggregator.history.endNs;
  }

  /** Whether one of several publishers has ended its session, or was given up. */
  hasEnded(publisher: number): boolean {
    return this.#events?.hasEnded(publisher) ?? false;
  }

  /** Folds one frame; asynchronous only for the header, which may load a tokenizer. */
  handle(frame: Frame): void | Promise<void> {
    switch (frame.kind) {
      case FrameKind.runHeader:
        this.#events = new EventFrames({
          header: readLogOrigin(frame),
          onFault: (fault, at) => this.#tellFault(fault, at),
        });
        return this.#begin(decodeRunHeader(frame));
      case FrameKind.events:
      case FrameKind.messages:
      case FrameKind.records: {
        const service = this.#running();
        const batch = this.#events?.batchOf(frame);
        if (batch === undefined) return;
        if (frame.kind === FrameKind.events) this.#noteStop(batch);
        service.process(batch);
        return;
      }
      case FrameKind.reception:
        // A publisher that was lost is no longer waited for.
        this.#events?.batchOf(frame);
        this.#reception.fold(receptionOfFrame(frame));
        return;
      case FrameKind.prompts: {
        const { firstRow, prompts } = decodePrompts(frame.body);
        this.#running().setPrompts(
          firstRow,
          prompts.map((bytes) => {
            const payload = decodePayload(bytes);
            if (payload.type !== 'PromptData') throw malformed(`a prompt of type ${payload.type}`);
            return payload.data;
          }),
        );
        return;
      }
      case FrameKind.windows:
        this.#running().aggregator.lateness.addWindows(decodeWindows(frame.body));
        return;
      case FrameKind.health:
        this.#foldHealth(jsonOfFrame(frame) as AnyHealthReport | StuckReport);
        return;
      case FrameKind.serverMetrics: {
        const sample = serverSampleOf(jsonOfFrame(frame));
        const moment = sample && this.#servers.fold(sample);
        if (moment !== undefined) this.#running().aggregator.history.onServer(sample!.at_ns, moment);
        return;
      }
      case FrameKind.power: {
        const sample = powerSampleOf(jsonOfFrame(frame));
        const watts = sample && this.#power.fold(sample);
        if (watts !== undefined)
          this.#running().aggregator.history.onServer(sample!.at_ns, { power_watts: watts });
        return;
      }
      case FrameKind.agent: {
        const news = jsonOfFrame(frame);
        if (isAgentNews(news)) this.#agents.fold(news);
        return;
      }
      case FrameKind.account:
        this.#account.fold(accountOfFrame(frame));
        return;
      case FrameKind.mark: {
        const mark = markOfFrame(frame);
        if (mark === undefined) return;
        if (mark.kind === 'stop' && mark.text !== '') this.#endReason ??= mark.text;
        if (mark.kind === 'until') this.#until = untilOfFrame(frame) ?? this.#until;
        this.#running().aggregator.onMark(mark);
      }
    }
  }

  /** Resolves when the final snapshot is out, after {@link handle} folded the session's end or {@link interrupt}. */
  async finished(): Promise<void> {
    await this.#service?.closed;
    await this.#close();
  }

  /** Ends now, with a snapshot marked interrupted unless the final one is on its way. */
  async interrupt(): Promise<void> {
    this.#interrupted = true;
    await this.#service?.interrupt();
    await this.#close();
  }

  async #begin(header: RunHeader): Promise<void> {
    const { publisher, finalPath, publishIntervalMs, drainTimeoutMs, spillDirectory, log } = this.#options;
    const { nowNs = monotonicNs } = this.#options;
    this.#header = header;
    this.#tokenCounter = await this.#startTokenCounter(this.#options.tokenizerOf(header));
    const registry = new MetricsRegistry({ log });
    this.#registry = registry;
    this.#service = new AggregatorService({
      registry,
      streaming: header.streaming,
      conversations: header.conversations,
      groups: header.groups,
      responseKind: header.response_kind,
      good: this.#options.good ?? goodRuleOf(header),
      until: untilOf(header),
      ...metricsOptions(header),
      ...(this.#options.earlyStopping === undefined ? {} : { earlyStopping: this.#options.earlyStopping }),
      spillDirectory,
      publisher: new SnapshotPublisher({ registry, publisher, finalPath, nowNs, log }),
      tokenCounter: this.#tokenCounter,
      publishIntervalMs,
      drainTimeoutMs,
      extras: () => this.#extras(header),
      log,
    });
    // Told to end before there was anything to end.
    if (this.#interrupted) await this.#service.interrupt();
  }

  /** Without its tokenizer a run can still be told, but for the tokens that no server counted. */
  async #startTokenCounter(tokenizerPath: string | null): Promise<TokenCounter | undefined> {
    if (tokenizerPath === null) return undefined;
    try {
      return await WorkerTokenCounter.start({ tokenizerPath });
    } catch (error) {
      this.#options.log.warning(`tokens are not counted: ${errorText(error)}`);
      return undefined;
    }
  }

  #extras(header: RunHeader): { readonly [key: string]: Json } {
    const { run_id, started_at, version, requested_rate_per_second, planned_samples } = header;
    return {
      run: {
        ...{ run_id, started_at, version, requested_rate_per_second, planned_samples },
        ...plannedLoad(header),
        rate_changes: header.rate_changes ?? false,
        ...(header.load === undefined ? {} : { load: header.load }),
        ...(header.max_in_flight === undefined ? {} : { max_in_flight: header.max_in_flight }),
        ...(header.proxies === undefined ? {} : { proxies: header.proxies }),
        ...(header.replay === undefined ? {} : { replay: { ...header.replay } }),
        ...(header.response_kind === undefined ? {} : { response_kind: header.response_kind }),
        stopped_early: this.#options.stoppedEarly ?? this.#stoppedEarly,
        ...(this.#endReason === undefined ? {} : { end_reason: this.#endReason }),
        ...(header.endpoint_here === true ? { endpoint_here: true } : {}),
        output_limit: header.output_limit ?? null,
        ...(header.output_limit_mean === undefined ? {} : { output_limit_mean: header.output_limit_mean }),
        skipped_rows: header.skipped_rows ?? 0,
        ...(header.published_by && { published_by: publishedByJson(header.published_by) }),
        ...(header.tokenizer !== null && this.#options.tokenizerOf(header) === null
          ? { tokenizer_not_opened: header.tokenizer }
          : {}),
      },
      event_stream: this.#options.eventStream(),
      ...(isAggregated(header) ? { reception: this.#receptionSummary() } : {}),
      client: this.#health.summary(),
      engine: this.#account.summary(),
      ...(this.#agents.isEmpty ? {} : { agents: this.#agents.facts() as unknown as Json }),
      ...(this.#servers.isEmpty ? {} : { server_metrics: this.#servers.facts() as unknown as Json }),
      ...(this.#power.isEmpty ? {} : { power: this.#power.facts() as unknown as Json }),
      ...(this.#until === undefined ? {} : { until: this.#until as unknown as Json }),
    };
  }

  /** The session's own batches: STOP_LOADGEN says that somebody stopped a run of ours before its plan was done. */
  #noteStop(batch: EventBatch): void {
    if (batch.workerId < 0 && this.#header !== undefined && !isReportDirectory(this.#header))
      this.#stoppedEarly ||= batch.kinds.includes(EventKind.sessionStopLoadgen);
  }

  #tellFault({ publisher, message, record, reason }: MessageFault, frame: Frame): void {
    const what = record === undefined ? 'messages' : 'records';
    this.#faults[what] += 1;
    if (this.#faults[what] > TOLD_FAULTS) return;
    const { log } = this.#options;
    const address = this.#header?.published_by?.addresses[publisher] ?? `publisher ${publisher}`;
    const place = `${address}: message ${message} of frame ${frame.seq} of the run log`;
    log.warning(
      record === undefined
        ? `${place} cannot be read and is dropped: ${reason}`
        : `${place}: record ${record} cannot be read and counts as error.generic: ${reason}`,
    );
    if (this.#faults[what] === TOLD_FAULTS) log.warning(`other ${what} that cannot be read are only counted`);
  }

  #receptionSummary(): { readonly [key: string]: Json } {
    const { messages, records } = this.#events?.unread ?? { messages: 0, records: 0 };
    return { ...this.#reception.summary(), messages_unread: messages, records_unread: records };
  }

  #foldHealth(report: AnyHealthReport | StuckReport): void {
    if (isStuckReport(report)) {
      this.#health.foldStuck(report);
      return;
    }
    this.#health.fold(report);
    const { history, lateness, connections } = this.#running().aggregator;
    connections.add(report.connection_times ?? {});
    const moment = clientMomentOf(report, history.endNs);
    history.onClient(moment);
    if (!report.lateness || report.measured === false) return;
    lateness.addTold({ ...report.lateness, ...moment, worker: report.worker });
  }

  #running(): AggregatorService {
    if (this.#service === undefined) throw malformed('no header in its first frame');
    return this.#service;
  }

  async #close(): Promise<void> {
    await this.#tokenCounter?.close();
    this.#registry?.close();
  }
}

function metricsOptions({ metrics }: RunHeader): Pick<AggregatorServiceOptions, 'series' | 'earlyStopping'> {
  const { significant_figures, bucket_count, early_stopping } = metrics ?? {};
  return {
    series: {
      rawBudgetBytes: RAW_BUDGET_BYTES,
      ...(significant_figures === undefined ? {} : { significantFigures: significant_figures }),
      ...(bucket_count === undefined ? {} : { bucketCount: bucket_count }),
    },
    ...(early_stopping === undefined ? {} : { earlyStopping: early_stopping }),
  };
}

function goodRuleOf({ config }: RunHeader): GoodRule | undefined {
  const rule = typeof config.good === 'string' ? parseGoodRule(config.good) : undefined;
  return typeof rule === 'string' ? undefined : rule;
}

function untilOf({ config }: RunHeader): readonly UntilRule[] | undefined {
  const { until } = config as { readonly until?: { readonly rules?: unknown } };
  const rules = untilRulesOf(until?.rules);
  return rules.length === 0 ? undefined : rules;
}

/** What viewers want to know of the plan beside the header's own fields; null where the configuration asks for none. */
function plannedLoad({ config, replay }: RunHeader): { readonly [key: string]: Json } {
  const { stop, load, judge, slo } = config as {
    readonly slo?: readonly string[];
    readonly judge?: readonly string[];
    readonly stop?: { readonly duration_ms?: number };
    readonly load?: { readonly concurrency?: number };
  };
  const durationMs = stop?.duration_ms;
  return {
    requested_concurrency: load?.concurrency ?? null,
    ...(judge === undefined ? {} : { judge }),
    ...(slo === undefined ? {} : { slo }),
    planned_duration_ns: durationMs === undefined ? spanOf(replay) : durationMs * NS_PER_MS,
  };
}

/** A trace that comes all at once has no time to go. */
function spanOf(replay: RunHeader['replay']): number | null {
  return replay === undefined || replay.span_ns === 0 ? null : replay.span_ns;
}

function malformed(found: string): InferometerError {
  return new InferometerError('INFEROMETER_RUNLOG_CONTENT', 'input', `run log: found ${found}`);
}
