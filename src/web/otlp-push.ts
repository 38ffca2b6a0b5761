import { errorText } from '../core/errors.ts';
import { redactUrls } from '../core/redact-url.ts';
import type { Log } from '../core/log.ts';
import { NS_PER_MS } from '../core/time.ts';
import type { MetricFamily } from './exported-metrics.ts';
import { encodeOtlpMetrics } from './otlp-metrics.ts';

export interface OtlpPushOptions {
  /** Of the collector; without a path `/v1/metrics` is meant. */
  readonly url: string;
  readonly version: string;
  readonly families: () => readonly MetricFamily[];
  readonly log: Log;
  /** Default 5000. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 5000;
const TIMEOUT_MS = 3000;

/**
 * Pushes metrics to an OpenTelemetry collector every few seconds, as OTLP over HTTP in protobuf, and once more at the end. A collector
 * that fails is told about once until it works again; it never does harm to what is measured.
 */
export class OtlpPush {
  readonly #options: OtlpPushOptions;
  readonly #url: string;
  readonly #startUnixNs = unixNs();
  readonly #timer: NodeJS.Timeout;
  #pushing: Promise<void> | undefined;
  #failing = false;

  constructor(options: OtlpPushOptions) {
    this.#options = options;
    this.#url = metricsUrl(options.url);
    this.#timer = setInterval(() => {
      // One that takes longer than the interval is not overtaken.
      this.#pushing ??= this.#push().finally(() => (this.#pushing = undefined));
    }, options.intervalMs ?? INTERVAL_MS);
    this.#timer.unref();
  }

  /** Pushes the last numbers and stops. Never rejects; takes 6 s at most. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pushing;
    await this.#push();
  }

  async #push(): Promise<void> {
    const { families, version } = this.#options;
    const body = encodeOtlpMetrics(families(), {
      version,
      startUnixNs: this.#startUnixNs,
      nowUnixNs: unixNs(),
    });
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.arrayBuffer();
      this.#report(response.ok ? undefined : `answered ${response.status}`);
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      this.#report(errorText(cause));
    }
  }

  #report(failure: string | undefined): void {
    const { log } = this.#options;
    if (failure !== undefined && !this.#failing)
      log.warning(`metrics are not pushed to ${redactUrls(this.#url)}: ${failure}`);
    if (failure === undefined && this.#failing)
      log.info(`metrics are pushed to ${redactUrls(this.#url)} again`);
    this.#failing = failure !== undefined;
  }
}

function metricsUrl(given: string): string {
  const url = new URL(given);
  if (url.pathname === '/') url.pathname = '/v1/metrics';
  return url.href;
}

function unixNs(): bigint {
  return BigInt(Date.now()) * BigInt(NS_PER_MS);
}
