import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { areClocksAlike } from '../../cluster/clock-source.ts';
import {
  decodeMessage,
  encodeMessage,
  type Job,
  jobSchema,
  type Offer,
  type Reply,
} from '../../cluster/messages.ts';
import { agentSubject, aliveSubject, DISCOVERY_SUBJECT } from '../../cluster/subjects.ts';
import { withStagesOfFile } from '../../config/rate-file.ts';
import { type RunConfig, runConfigSchema } from '../../config/schema.ts';
import { cacheFolder } from '../../core/cache-folder.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { agentShareOf } from '../cluster/agent-share.ts';
import type { NatsOptions } from '../cluster/nats-options.ts';
import { type NatsPlace, openNats } from '../cluster/nats-place.ts';
import { ownClockSource } from '../cluster/own-clock.ts';
import { promptsDigest } from '../cluster/prompts-digest.ts';
import { withSharedFiles } from '../cluster/shared-files.ts';
import { engineLimits } from '../machine/engine-limits.ts';
import { programVersion } from '../run-folder/version.ts';
import { prepareRun } from '../run/prepare.ts';
import { publishAbandonedLogs } from './abandoned-logs.ts';
import { AgentRun } from './agent-run.ts';

export interface AgentServiceOptions {
  readonly nats: NatsOptions;
  /** As the coordinator and its report name it; default: the name of the host. */
  readonly name: string | undefined;
  /** The key that requests of a run carry which needs one. */
  readonly apiKey: string | undefined;
  /** Folder of its run folders. */
  readonly runsPath: string;
  /** Leave after one run. */
  readonly isOnce: boolean;
  /** Aborted when it is to leave. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Waits for runs at NATS and takes part in them, one at a time, until it is told to leave. */
export async function runAgent(options: AgentServiceOptions): Promise<void> {
  const { nats, signal, log } = options;
  const place = await openNats(nats, 'inferometer agent', log);
  try {
    await publishAbandonedLogs(place, options.runsPath, log);
    const agent = new Agent(options, place);
    log.info(`agent ${agent.offer.name} waits for work at ${place.address}`);
    await agent.untilDone(signal);
  } finally {
    await place.close();
  }
}

class Agent {
  readonly offer: Offer;
  readonly #options: AgentServiceOptions;
  readonly #place: NatsPlace;
  readonly #done = Promise.withResolvers<void>();
  #run: AgentRun | undefined;
  #isBusy = false;

  constructor(options: AgentServiceOptions, place: NatsPlace) {
    this.#options = options;
    this.#place = place;
    this.offer = {
      agent_id: randomBytes(8).toString('hex'),
      name: options.name ?? hostname(),
      host: hostname(),
      version: programVersion(),
      clock_source: ownClockSource(),
    };
    place.connection.subscribe(DISCOVERY_SUBJECT, {
      callback: (error, message) => {
        if (error === null && !this.#isBusy) message.respond(encodeMessage(this.offer));
      },
    });
    place.connection.subscribe(aliveSubject(this.offer.agent_id), {
      callback: (error, message) => {
        if (error === null) message.respond();
      },
    });
    place.connection.subscribe(agentSubject(this.offer.agent_id), {
      callback: (error, message) => {
        if (error !== null) return;
        void this.#take(message.data).then((reply) => message.respond(encodeMessage(reply)));
      },
    });
  }

  async untilDone(signal: AbortSignal): Promise<void> {
    const left = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([this.#done.promise, left]);
    if (signal.aborted) await this.#run?.leave('it was told to leave');
  }

  async #take(bytes: Uint8Array): Promise<Reply> {
    if (this.#isBusy) return { kind: 'refused', reason: 'it is busy with another run' };
    this.#isBusy = true;
    try {
      const job = decodeMessage(jobSchema, bytes, 'a job');
      const run = await this.#prepare(job);
      this.#run = run.run;
      void run.run.finished.then(() => this.#onFinished());
      return { kind: 'prepared', workers: run.workers, max_connections: run.maxConnections };
    } catch (error) {
      this.#options.log.warning(`refused a run: ${errorText(error)}`);
      this.#isBusy = false;
      return { kind: 'refused', reason: errorText(error) };
    }
  }

  async #prepare(
    job: Job,
  ): Promise<{ readonly run: AgentRun; readonly workers: number; readonly maxConnections: number }> {
    const { log, runsPath } = this.#options;
    this.#checkFit(job);
    const config = await withSharedFiles(
      this.#place,
      this.#configOf(job),
      job.paths,
      cacheFolder(process.env, 'shared'),
    );
    const limits = engineLimits(agentShareOf(withStagesOfFile(config), job));
    const prepared = await prepareRun(config, log, { runId: job.run_id as RunId, agents: job.agents });
    const digest = promptsDigest(prepared.promptFrames);
    if (digest !== job.prompts_digest) {
      throw unfit(
        `it made other prompts than the coordinator (digest ${digest} instead of ${job.prompts_digest})`,
      );
    }
    // As the coordinator calls it: with a number where another agent has the same name.
    const name = job.agents[job.index]!;
    const run = new AgentRun({ place: this.#place, job, config, prepared, limits, name, runsPath, log });
    return { run, workers: limits.workers, maxConnections: limits.maxConnections };
  }

  #checkFit({ version, clock_source: clock, needs_api_key: needsKey }: Job): void {
    if (version !== this.offer.version)
      throw unfit(
        `it has version ${this.offer.version}, and the run version ${version}; install the same on both`,
      );
    if (!areClocksAlike(clock, this.offer.clock_source)) {
      throw unfit(
        `its clock source is ${String(this.offer.clock_source)}, and the coordinator's ${String(clock)}: their stamps are not worth the same`,
      );
    }
    if (needsKey && this.#options.apiKey === undefined)
      throw unfit('the run needs an API key, and INFEROMETER_API_KEY is not set there');
  }

  #configOf({ config, needs_api_key: needsKey }: Job): RunConfig {
    const checked = runConfigSchema.safeParse(config);
    if (!checked.success) {
      const { path, message } = checked.error.issues[0]!;
      throw unfit(`it can't read the settings (${path.join('.')}: ${message})`);
    }
    const { data } = checked;
    return needsKey ? { ...data, client: { ...data.client, api_key: this.#options.apiKey } } : data;
  }

  #onFinished(): void {
    this.#run = undefined;
    this.#isBusy = false;
    if (this.#options.isOnce) void sleep(0).then(() => this.#done.resolve());
  }
}

function unfit(reason: string): InferometerError {
  return new InferometerError('INFEROMETER_AGENT_UNFIT', 'setup', reason);
}
