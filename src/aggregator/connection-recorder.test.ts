import { expect, test } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { ConnectionRecorder } from './connection-recorder.ts';
import { registerRunMetrics } from './run-metrics.ts';

test('a stage has a series from its first value on', () => {
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  const recorder = new ConnectionRecorder(registerRunMetrics(registry, { streaming: true }));
  const seen = () => {
    const moment = { timestampNs: 0n, state: 'live', pendingTaskCount: 0 } as const;
    const { metrics } = registry.buildSnapshot(moment);
    return metrics.flatMap((metric) =>
      /^(?:dns|tcp|tls|request)_/.test(metric.name) && 'count' in metric ? [[metric.name, metric.count]] : [],
    );
  };
  recorder.add({});
  expect(seen()).toEqual([]);
  recorder.add({ tcp_connect: [120_000, 80_000], tls_handshake: [] });
  recorder.add({ tcp_connect: [90_000], request_sent: [5000] });
  expect(seen()).toEqual([
    ['tcp_connect_ns', 3],
    ['request_sent_ns', 1],
  ]);
});
