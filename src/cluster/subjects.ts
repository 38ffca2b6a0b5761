/** The subjects of NATS that load generators and coordinators talk by. Those of a run are its own, so that permissions can be given for it. */
export const DISCOVERY_SUBJECT = 'inferometer.agents';

/** Where one agent takes runs. */
export function agentSubject(agentId: string): string {
  return `inferometer.agent.${agentId}`;
}

/** Where it answers whether it is there, whatever it is doing. */
export function aliveSubject(agentId: string): string {
  return `${agentSubject(agentId)}.alive`;
}

export interface RunSubjects {
  /** Orders to the agent with that segment. */
  orders(index: number): string;
  /** What it tells of itself several times a second. */
  state(index: number): string;
  readonly anyState: string;
  /** The coordinator's sign of life. */
  readonly coordinator: string;
  /** The coordinator answers with the time on its monotonic clock. */
  readonly clock: string;
  /** Frames of run logs, kept by the stream: of an agent, of the coordinator's own, of all. */
  frames(index: number): string;
  readonly coordinatorsFrames: string;
  readonly anyFrames: string;
}

export function runSubjects(runId: string): RunSubjects {
  const run = `inferometer.run.${runId}`;
  return {
    orders: (index) => `${run}.orders.${index}`,
    state: (index) => `${run}.state.${index}`,
    anyState: `${run}.state.*`,
    coordinator: `${run}.coordinator`,
    clock: `${run}.clock`,
    frames: (index) => `${run}.frames.agent.${index}`,
    coordinatorsFrames: `${run}.frames.coordinator`,
    anyFrames: `${run}.frames.>`,
  };
}

/** The last token of a subject as the index of a segment. */
export function indexOfSubject(subject: string): number {
  return Number(subject.slice(subject.lastIndexOf('.') + 1));
}

export function streamName(runId: string): string {
  return `INFEROMETER_${runId}`;
}
