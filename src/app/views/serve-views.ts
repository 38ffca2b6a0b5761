import { randomBytes } from 'node:crypto';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { redactUrls } from '../../core/redact-url.ts';
import { countText } from '../../core/quantity-text.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import { isLoopbackAddress } from '../../web/access.ts';
import type { ControlDesk } from '../../web/control-actions.ts';
import { MetricsExport } from '../../web/exported-metrics.ts';
import type { RunLibrary } from '../../web/run-library.ts';
import { LiveChannel } from '../../web/live-channel.ts';
import { OtlpPush } from '../../web/otlp-push.ts';
import { loadPageFiles } from '../../web/page-files.ts';
import { startWebServer } from '../../web/web-server.ts';
import { LiveUpdates } from './live-updates.ts';
import { RunsFolder } from './serve-library.ts';
import { programVersion } from '../run-folder/version.ts';

export interface WebOptions {
  /** `[host:]port`; default 127.0.0.1:7860 or any free port. */
  readonly listen: string | undefined;
  /** Where it was given. */
  readonly listenFlag: '--web' | '--listen';
  /** Required of every viewer; generated and printed when one is needed. */
  readonly token: string | undefined;
  readonly runsPath: string;
  /** May read whole run logs to show a run that left no final snapshot: not beside a load that is measured. */
  readonly mayReplay: boolean;
  /** Viewers may write notes about past runs. Default: no. */
  readonly mayWriteNotes?: boolean;
  /** The studies to list. Default: none. */
  readonly studies?: RunLibrary['studies'];
}

export interface ViewsOptions {
  readonly web: WebOptions | undefined;
  /** Collector to push to. */
  readonly otlpUrl: string | undefined;
  /** Lets viewers of the page steer the run. */
  readonly desk: ControlDesk | undefined;
  readonly log: Log;
}

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 7860;
const TOKEN_BYTES = 18;
const SHORTEST_TOKEN = 16;

/** The views of a run that other programs look at: web page, Prometheus, OTLP. They are fed snapshots and never slow the run. */
export class ServedViews {
  readonly #log: Log;
  readonly #live = new LiveChannel();
  readonly #metrics = new MetricsExport();
  readonly #closers: (() => Promise<void>)[] = [];
  #updates = new LiveUpdates();
  #runId: string | null = null;

  private constructor(log: Log) {
    this.#log = log;
  }

  /** Throws `InferometerError` (input, set-up) for what cannot be served so. */
  static async open({ web, otlpUrl, desk, log }: ViewsOptions): Promise<ServedViews> {
    if (otlpUrl !== undefined) checkUrl(otlpUrl);
    const views = new ServedViews(log);
    if (web !== undefined) await views.#serve(web, desk);
    if (otlpUrl !== undefined) {
      const families = () => views.#metrics.families(programVersion());
      const push = new OtlpPush({ url: otlpUrl, version: programVersion(), families, log });
      views.#closers.push(() => push.close());
    }
    return views;
  }

  /** Takes the next snapshot, of the same run or of another. */
  snapshot(snapshot: MetricsSnapshot): void {
    let update = this.#updates.update(snapshot);
    const isOtherRun = update.view.runId !== this.#runId;
    if (isOtherRun) {
      this.#updates = new LiveUpdates();
      update = this.#updates.update(snapshot);
    }
    this.#runId = update.view.runId;
    const latest = this.#updates.latest!;
    this.#live.push(latest, isOtherRun || update.history !== undefined);
    this.#metrics.update(snapshot, latest.verdict);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
    this.#live.close();
  }

  async #serve(options: WebOptions, desk: ControlDesk | undefined): Promise<void> {
    const { host, port, isDefault } = addressOf(options);
    const isOpen = !isLoopbackAddress(host);
    const token = tokenOf(options.token, isOpen || desk !== undefined);
    const server = await startWebServer({
      ...{ host, port, token, orAnyPort: isDefault },
      page: loadPageFiles(),
      live: this.#live,
      library: new RunsFolder(options.runsPath, {
        mayReplay: options.mayReplay,
        mayWriteNotes: options.mayWriteNotes === true,
        studies: options.studies,
        log: this.#log,
      }),
      metrics: () => this.#metrics.families(programVersion()),
      desk,
      version: programVersion(),
    });
    this.#closers.push(() => server.close());
    this.#log.info(`web page: ${server.url}`);
    if (isDefault && server.port !== port) this.#log.info(`port ${port} is taken, so it is another one`);
    if (isOpen) {
      this.#log.warning(
        `${host} can be reached from other machines: the page asks for the token in that address; it travels unencrypted`,
      );
    }
  }
}

/** The token to ask for: one is needed where others can reach the server, and to steer the run. */
function tokenOf(token: string | undefined, isNeeded: boolean): string | undefined {
  if (token !== undefined && token.length < SHORTEST_TOKEN) {
    throw new InferometerError(
      'INFEROMETER_WEB_TOKEN',
      'input',
      `--token must have at least ${SHORTEST_TOKEN} characters (got ${countText(token.length)})`,
    );
  }
  return token ?? (isNeeded ? randomBytes(TOKEN_BYTES).toString('base64url') : undefined);
}

interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Nobody named a port. */
  readonly isDefault: boolean;
}

function addressOf({ listen, listenFlag }: WebOptions): ListenAddress {
  if (listen === undefined) return { host: DEFAULT_HOST, port: DEFAULT_PORT, isDefault: true };
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]+)\]|([^:\s]+)):)?(\d{1,5})$/.exec(listen) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new InferometerError(
      'INFEROMETER_WEB_ADDRESS',
      'input',
      `${listenFlag} must be a port up to 65535 such as 7860, or a host and port such as 0.0.0.0:7860 (got "${listen}")`,
    );
  }
  return { host: bracketed ?? plain ?? DEFAULT_HOST, port, isDefault: false };
}

function checkUrl(url: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return;
  throw new InferometerError(
    'INFEROMETER_OTLP_URL',
    'input',
    `--otlp must be an address such as http://localhost:4318 (got "${redactUrls(url)}")`,
  );
}
