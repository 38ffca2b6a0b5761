import { afterEach } from 'vitest';
import type { PhasePlan } from '../../src/plan/plan.ts';
import { type EndpointScript, numberedRows, ScriptedEndpoint, type Step } from './scripted-endpoint.ts';
import { type PhaseSketch, phaseOf, SessionRun, type SessionRunOptions } from './session-run.ts';

export const ROW_COUNT = 5;

export interface FixtureOptions extends Partial<Omit<SessionRunOptions, 'url' | 'phases'>> {
  readonly phases: readonly PhasePlan[];
  /** Default: each request gets `['ok']`. */
  readonly script?: Partial<EndpointScript>;
}

/** Sessions against scripted endpoints over a dataset of {@link ROW_COUNT} rows; all is closed after each test. */
export function sessions() {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return async ({ script, ...options }: FixtureOptions) => {
    const endpoint = await ScriptedEndpoint.start({ stepsOf: (): readonly Step[] => ['ok'], ...script });
    closing.push(() => endpoint.close());
    const run = await SessionRun.start({ url: endpoint.url, rows: numberedRows(ROW_COUNT), ...options });
    closing.push(() => run.close());
    return { endpoint, run };
  };
}

/** A phase over the dataset of the fixture. */
export function phase(
  sketch: Omit<PhaseSketch, 'order'> & { readonly datasetSize?: number; readonly seed?: number },
): PhasePlan {
  const { datasetSize = ROW_COUNT, seed = 7, ...rest } = sketch;
  return phaseOf({ ...rest, order: { order: 'without_replacement', datasetSize, seed } });
}

export const oneAtATime = { pattern: 'concurrency', concurrency: 1 } as const;

/** Steps by issue number, `['ok']` for the others. */
export function answering(steps: Readonly<Record<number, readonly Step[]>>): Partial<EndpointScript> {
  return { stepsOf: (issue) => steps[issue] ?? ['ok'] };
}

/** Waits for what the event loop brings about. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
