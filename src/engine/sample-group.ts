import type { SampleModels } from './sample-models.ts';
import { AGENT_DIMENSION, type GroupDimension, groupNumber, PHASE_DIMENSION } from '../core/sample-groups.ts';

/** The number of a sample's group: see `core/sample-groups.ts`. @hot */
export type SampleGroupOf = (seq: number, row: number) => number;

/** What is added to the groups of samples for the phase under way: its digit. */
export interface PhaseGroup {
  offset: number;
}

/** For a phase of that name; 0 in a run that isn't divided by phases, and for a phase that isn't measured. */
export function phaseGroupOffset(dimensions: readonly GroupDimension[], phase: string): number {
  const positions = dimensions.map(({ name, values }) =>
    name === PHASE_DIMENSION ? Math.max(0, values.indexOf(phase)) : 0,
  );
  return groupNumber(dimensions, positions);
}

/** The groups of the samples that go to an endpoint. */
export function groupOfSamples(
  dimensions: readonly GroupDimension[],
  {
    endpoint,
    models,
    phase,
    agent = 0,
  }: {
    readonly endpoint: number;
    readonly models: SampleModels;
    readonly phase: PhaseGroup;
    readonly agent?: number;
  },
): SampleGroupOf {
  const positions = (model: number): Readonly<Record<string, number>> => ({
    ...{ endpoint, model },
    [AGENT_DIMENSION]: agent,
  });
  const group = (model: number) =>
    groupNumber(
      dimensions,
      dimensions.map(({ name }) => positions(model)[name] ?? 0),
    );
  const ofModels = dimensions.find(({ name }) => name === 'model')?.values.map((_, model) => group(model));
  if (ofModels === undefined) {
    const ofEndpoint = group(0);
    return () => ofEndpoint + phase.offset;
  }
  const last = ofModels.length - 1;
  return (seq, row) => ofModels[Math.min(models.of(seq, row), last)]! + phase.offset;
}
