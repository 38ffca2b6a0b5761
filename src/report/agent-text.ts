import type { AgentFacts } from '../core/agent-news.ts';
import { countedText, durationText } from '../core/quantity-text.ts';

/** What readers must know of the load generators together; empty where there was one alone. */
export function agentsText(agents: readonly AgentFacts[]): string {
  if (agents.length === 0) return '';
  const clockErrorNs = Math.max(...agents.map((agent) => agent.clock_error_ns));
  const spreadNs = startSpreadNs(agents);
  const lost = agents.filter((agent) => agent.lost_ns !== null).map(({ name }) => name);
  return [
    `${agents.length}: ${agents.map(({ name, workers }) => `${name} (${countedText(workers, 'worker')})`).join(', ')}`,
    ...(spreadNs === null ? [] : [`they started within ${durationText(spreadNs)} of each other`]),
    `their clocks agree to ${durationText(clockErrorNs)}`,
    ...(lost.length === 0 ? [] : [`LOST: ${lost.join(', ')}`]),
  ].join('; ');
}

/** From the first start of a phase to the last, as each differed from its plan; null before two have started. */
export function startSpreadNs(agents: readonly AgentFacts[]): number | null {
  const starts = agents.flatMap((agent) => agent.start_late_ns ?? []);
  return starts.length < 2 ? null : Math.max(...starts) - Math.min(...starts);
}
