import type { RunConfig } from '../../config/schema.ts';
import { shareOf } from '../../engine/settings.ts';
import type { PlanSegment } from '../../plan/plan.ts';

/** The settings of a run with one agent's part of what all share: what its machine must be able to hold. The plan is made of the whole. */
export function agentShareOf(config: RunConfig, { index, count }: PlanSegment): RunConfig {
  const part = (total: number | undefined) =>
    total === undefined ? undefined : shareOf(total, index, count);
  const loadOf = (load: RunConfig['load']): RunConfig['load'] => ({
    ...load,
    ...(load.concurrency === undefined ? {} : { concurrency: part(load.concurrency) }),
    ...(load.max_in_flight === undefined ? {} : { max_in_flight: part(load.max_in_flight) }),
  });
  const { client, load, phases } = config;
  return {
    ...config,
    load: loadOf(load),
    ...(phases === undefined ? {} : { phases: phases.map((phase) => withLoad(phase, loadOf)) }),
    client: {
      ...client,
      ...(client.max_connections === undefined ? {} : { max_connections: part(client.max_connections) }),
    },
  };
}

function withLoad<T extends { readonly load?: RunConfig['load'] | undefined }>(
  phase: T,
  loadOf: (load: RunConfig['load']) => RunConfig['load'],
): T {
  return phase.load === undefined ? phase : { ...phase, load: loadOf(phase.load) };
}
