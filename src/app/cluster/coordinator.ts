import type { AgentFacts } from '../../core/agent-news.ts';
import type { Job } from '../../cluster/messages.ts';
import { runSubjects, type RunSubjects } from '../../cluster/subjects.ts';
import type { RunConfig } from '../../config/schema.ts';
import { errorText } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { monotonicNs, type RunClock } from '../../core/time.ts';
import type { ErrorData } from '../../core/model-output.ts';
import type { Frame } from '../../transport/frame.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { programVersion } from '../run-folder/version.ts';
import { AgentLink } from './agent-link.ts';
import { ClusterEngine, type ClusterRecorder } from './cluster-engine.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { checkClusterConfig } from './cluster-refusals.ts';
import { FrameReceiver } from './frame-receiver.ts';
import { gatherAgents } from './gather-agents.ts';
import { type NatsPlace, openNats } from './nats-place.ts';
import { ownClockSource } from './own-clock.ts';
import { OwnFrames } from './own-frames.ts';
import { createRunStream, removeRunStream } from './run-stream.ts';
import { StreamWatch } from './stream-watch.ts';
import { shareFiles } from './shared-files.ts';

/** Agents read the dataset and make requests of it before they answer. */
const PREPARE_TIMEOUT_MS = 600_000;
const OPEN_TIMEOUT_MS = 60_000;
const SIGN_OF_LIFE_MS = 500;
const RELEASE_TIMEOUT_MS = 500;

/** Settings that are of no use to agents. */
interface CoordinatorSettings {
  readonly power?: unknown;
  readonly server_metrics?: unknown;
}

/** What agents have to make of the settings, to be those of this run. */
export interface PreparedForAgents {
  readonly runId: RunId;
  readonly promptsDigest: string;
}

/** What a run has by the time that agents start. */
export interface StartedRun {
  readonly header: RunHeader;
  readonly clock: RunClock;
  readonly recorder: ClusterRecorder;
}

interface EngagedRun {
  readonly runId: RunId;
  readonly subjects: RunSubjects;
  readonly links: readonly AgentLink[];
  readonly ownFrames: OwnFrames;
  readonly workers: readonly number[];
  readonly maxConnections: number;
}

/** The side of a run on several load generators that has its plan, its log and its report. */
export class Coordinator {
  readonly #options: ClusterOptions;
  readonly #place: NatsPlace;
  readonly #log: Log;
  readonly #offers: Awaited<ReturnType<typeof gatherAgents>>;
  #run: EngagedRun | undefined;
  #engine: ClusterEngine | undefined;
  #receiver: FrameReceiver | undefined;
  #streamWatch: StreamWatch | undefined;
  #beating: NodeJS.Timeout | undefined;
  /** All agents have started their engines: what they recorded is worth keeping. */
  #hasBegun = false;
  #isComplete = false;

  private constructor(
    options: ClusterOptions,
    place: NatsPlace,
    offers: Awaited<ReturnType<typeof gatherAgents>>,
    log: Log,
  ) {
    this.#options = options;
    this.#place = place;
    this.#offers = offers;
    this.#log = log;
  }

  /** Finds the agents. Throws `InferometerError` for settings that can't be shared out, and where NATS or agents are missing. */
  static async open(options: ClusterOptions, config: RunConfig, log: Log): Promise<Coordinator> {
    checkClusterConfig(config, options.agents);
    const place = await openNats(options.nats, 'inferometer run', log);
    try {
      const { agents: count, waitMs } = options;
      const offers = await gatherAgents(place, { count, waitMs, version: programVersion(), log });
      return new Coordinator(options, place, offers, log);
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  /** In the order of their segments. */
  get agentNames(): readonly string[] {
    return this.#offers.map(({ name }) => name);
  }

  /** Hands over settings and files, and waits until each agent has made the same prompts of them. Throws what an agent refuses. */
  async engage(config: RunConfig, { runId, promptsDigest }: PreparedForAgents): Promise<void> {
    const place = this.#place;
    const subjects = runSubjects(runId);
    await createRunStream(place, runId, this.#options.streamBytes);
    const links = this.#offers.map((offer, index) => new AgentLink(place, subjects, index, offer));
    const ownFrames = new OwnFrames(place, subjects.coordinatorsFrames, `${runId}.c`, this.#log);
    this.#run = { runId, subjects, links, ownFrames, workers: [], maxConnections: 0 };
    this.#answerPings(subjects);
    const paths = await shareFiles(place, config);
    const job: Omit<Job, 'index'> = {
      run_id: runId,
      version: programVersion(),
      clock_source: ownClockSource(),
      count: links.length,
      agents: [...this.agentNames],
      config: configForAgents(config),
      paths: [...paths],
      needs_api_key: config.client.api_key !== undefined,
      prompts_digest: promptsDigest,
      on_coordinator_loss: this.#options.onCoordinatorLoss,
    };
    const prepared = await Promise.all(
      links.map((link) => link.engage({ ...job, index: link.index }, PREPARE_TIMEOUT_MS)),
    );
    this.#run = {
      ...this.#run,
      workers: prepared.map(({ workers }) => workers),
      maxConnections: prepared.reduce((sum, { max_connections: max }) => sum + max, 0),
    };
  }

  /** Takes what the coordinator itself records. */
  onOwnFrame(frame: Frame): void {
    this.#run?.ownFrames.add(frame);
  }

  /** Starts the engines of the agents, each on the coordinator's time. */
  async start(
    { header, clock, recorder }: StartedRun,
    onFirstFailure: (failure: ErrorData) => void,
  ): Promise<ClusterEngine> {
    const { runId, subjects, links, ownFrames, workers, maxConnections } = this.#run!;
    const engine = new ClusterEngine({
      ...{ place: this.#place, subjects, links, maxConnections, recorder, clock, log: this.#log },
      onFirstFailure,
      flushed: (timeoutMs) => ownFrames.flushed(timeoutMs),
    });
    this.#engine = engine;
    this.#receiver = await FrameReceiver.open({
      ...{ place: this.#place, runId, agents: links.length },
      onFrame: (frame, agent) => engine.onFrame(frame, agent),
      onFailure: (error) => engine.fail(error),
    });
    this.#streamWatch = new StreamWatch({
      ...{ place: this.#place, runId, maxBytes: this.#options.streamBytes, log: this.#log },
      isOver: () => engine.hasFailed,
      onFailure: (error) => engine.fail(error),
    });
    let firstWorker = 0;
    const opening = Promise.all(
      links.map((link, index) => {
        const order = {
          kind: 'open',
          origin_ns: String(clock.originNs),
          first_worker: firstWorker,
          header: { ...header, config: withoutOwnSettings(header.config) },
        } as const;
        firstWorker += workers[index]!;
        return link.order(order, 'opened', OPEN_TIMEOUT_MS);
      }),
    );
    await Promise.race([opening, engine.untilLoss]);
    this.#hasBegun = true;
    return engine;
  }

  /** What is known of each agent, for run.json. */
  facts(): readonly AgentFacts[] {
    return this.#engine?.facts() ?? [];
  }

  /** All that the agents logged is in the run log: the stream is needed no more. */
  complete(): void {
    this.#isComplete = true;
  }

  async close(): Promise<void> {
    clearInterval(this.#beating);
    const run = this.#run;
    run?.ownFrames.close();
    this.#engine?.discard();
    this.#streamWatch?.close();
    if (run !== undefined && !this.#hasBegun) await release(run.links);
    for (const link of run?.links ?? []) link.close();
    try {
      await this.#receiver?.close();
      // A run that did not come to its end is in the stream for `report --nats`, unless it never began.
      if (run !== undefined && (this.#isComplete || !this.#hasBegun))
        await removeRunStream(this.#place, run.runId);
    } catch (error) {
      this.#log.warning(`the stream of the run stays in NATS: ${errorText(error)}`);
    } finally {
      await this.#place.close();
    }
  }

  #answerPings(subjects: RunSubjects): void {
    const { connection } = this.#place;
    connection.subscribe(subjects.clock, {
      callback: (error, message) => {
        if (error === null) message.respond(String(monotonicNs()));
      },
    });
    const beat = () => connection.publish(subjects.coordinator);
    beat();
    this.#beating = setInterval(beat, SIGN_OF_LIFE_MS);
  }
}

/** What agents need of the settings: no key. */
export function configForAgents(config: RunConfig): Job['config'] {
  return withoutOwnSettings({ ...config, client: { ...config.client, api_key: undefined } });
}

/** Settings without the commands and URLs of what the coordinator looks at itself. */
export function withoutOwnSettings<T extends object>(config: T): Omit<T, 'power' | 'server_metrics'> {
  const { power: _power, server_metrics: _metrics, ...others }: T & CoordinatorSettings = config;
  return others;
}

/** Agents of a run that never began wait for work again; one that has refused it does so already. */
async function release(links: readonly AgentLink[]): Promise<void> {
  await Promise.allSettled(links.map((link) => link.order({ kind: 'end' }, 'done', RELEASE_TIMEOUT_MS)));
}
