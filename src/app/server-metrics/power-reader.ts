import { redactUrls } from '../../core/redact-url.ts';
import type { RunClock } from '../../core/time.ts';
import type { PowerSample } from '../../server-metrics/power-sample.ts';
import { KNOWN_POWER_METRICS, readPowerMetrics } from '../../server-metrics/power-text.ts';
import { metricsText } from './metrics-text.ts';

/** What asks an exporter once. It stays with the metric that it has found first: one that is missing for once must not turn a machine's power into that of its GPUs. */
export function powerReader(url: string, clock: RunClock): () => Promise<PowerSample> {
  const source = redactUrls(url);
  let metric: string | undefined;
  return async () => {
    const startedNs = clock.nowNs();
    const answer = await metricsText(url);
    const found = 'text' in answer ? readPowerMetrics(answer.text, metric) : undefined;
    // Measured while it was on the way.
    const atNs = Math.round((startedNs + clock.nowNs()) / 2);
    if (found === undefined) {
      const failure =
        'text' in answer
          ? `no power in W by ${metric === undefined ? `any of ${KNOWN_POWER_METRICS}` : `${metric}, as before`}`
          : answer.failure;
      return { at_ns: atNs, source, readings: null, failure };
    }
    metric = found.metric;
    return { at_ns: atNs, source, readings: found.readings, failure: null, complete: true };
  };
}
