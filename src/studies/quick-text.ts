import { countText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import { isSaturated } from './saturation.ts';
import { type CellResult, type CellSlo, studyPoints } from './study-result.ts';

/** What is known before the first run. */
export interface QuickFacts {
  /** What the server is, as a sentence. */
  readonly server: string;
  /** What this machine is, as a clause: `this machine has 8 cores`. */
  readonly machine: string;
}

/**
 * Five sentences from runs at rising concurrencies: what the server is, how fast it serves one user, how many it carries within the SLOs,
 * what limits it, and how sure this is. Only the first before there are results.
 */
export function quickText(
  results: readonly CellResult[],
  { server, machine }: QuickFacts,
): readonly string[] {
  const done = results.filter(({ state }) => state === 'done');
  const [first] = done;
  if (first === undefined) return [server];
  return [server, oneUserText(first), carriedText(done), limitText(done), sureText(done, machine)];
}

function oneUserText({ figures }: CellResult): string {
  const { ttft_p50_ns: ttft, tpot_p50_ns: tpot, latency_p50_ns: latency } = figures;
  const parts = [
    ...(ttft === undefined ? [] : [`the first token after ${durationText(ttft.value)}`]),
    ...(tpot === undefined || !(tpot.value > 0) ? [] : [`then ${numberText(1e9 / tpot.value)} tokens/s`]),
    ...(ttft === undefined && latency !== undefined
      ? [`the whole response after ${durationText(latency.value)}`]
      : []),
  ];
  if (parts.length === 0) return 'A single user got no response that could be timed.';
  return `A single user gets ${parts.join(', ')} (medians).`;
}

const loadOf = ({ cell }: CellResult) => Number(cell.values[0]);
const keepsAll = ({ slos }: CellResult) => slos.length > 0 && slos.every(({ holds }) => holds === true);

/** Loads that keep the SLOs, from the lowest up to the first that does not. */
function carried(done: readonly CellResult[]): readonly CellResult[] {
  const end = done.findIndex((result) => !keepsAll(result));
  return end === -1 ? done : done.slice(0, end);
}

function carriedText(done: readonly CellResult[]): string {
  const within = carried(done);
  const slos = done[0]!.slos.map(({ slo }) => slo).join(', ');
  const last = within.at(-1);
  if (last === undefined) return `It does not carry a single user within the default SLOs (${slos}).`;
  const next = done[within.length];
  const count = countText(loadOf(last));
  const users = loadOf(last) === 1 ? 'user' : 'users';
  if (next === undefined)
    return `It carries at least ${count} ${users} at a time within the default SLOs (${slos}).`;
  return `It carries ${count} ${users} at a time within the default SLOs (${slos}), and not ${countText(loadOf(next))}.`;
}

function limitText(done: readonly CellResult[]): string {
  const next = done[carried(done).length];
  const points = studyPoints(
    done.map(({ cell }) => cell.values),
    done,
    undefined,
  ).filter(({ throughput }) => throughput !== null);
  const best = points.reduce<(typeof points)[number] | undefined>(
    (highest, point) =>
      highest === undefined || point.throughput!.value > highest.throughput!.value ? point : highest,
    undefined,
  );
  const peak =
    best === undefined
      ? ''
      : ` Its throughput peaked at ${numberText(best.throughput!.value)} output tokens/s with ${best.values[0]!} in flight.`.trimStart();
  if (next === undefined) {
    const full = fullFrom(done);
    return joined(
      full === undefined
        ? 'Nothing limited it at the loads that were tried.'
        : `It is full at about ${countText(full)} users: more add no throughput, and wait longer.`,
      peak,
    );
  }
  const failed = next.slos.filter(({ holds }) => holds !== true);
  return joined(
    `At ${countText(loadOf(next))} users the limit is ${failed.map(reasonText).join(' and ')}.`,
    peak,
  );
}

/** The load from which on throughput no longer rose. */
function fullFrom(done: readonly CellResult[]): number | undefined {
  const index = done.findIndex(({ figures: { output_tokens_per_second: after } }, i) => {
    const before = done[i - 1]?.figures.output_tokens_per_second;
    return after !== undefined && before !== undefined && isSaturated(before, after);
  });
  return index === -1 ? undefined : loadOf(done[index - 1]!);
}

/** As one sentence. */
function joined(first: string, second: string): string {
  if (second === '') return first;
  return `${first.slice(0, -1)}; ${second.charAt(0).toLowerCase()}${second.slice(1)}`;
}

function reasonText({ slo, holds }: CellSlo): string {
  if (holds === null) return `that nothing was measured for ${slo}`;
  if (slo.startsWith('ttft')) return `the time to the first token (${slo}): requests wait for their turn`;
  if (slo.startsWith('tpot')) return `the speed of the output (${slo}): many responses share the hardware`;
  if (slo.startsWith('errors')) return 'that requests fail';
  return slo;
}

function sureText(done: readonly CellResult[], machine: string): string {
  const invalid = done.filter(({ verdict }) => verdict === 'invalid').length;
  const { output_tokens_per_second: tokens } = done.at(-1)!.figures;
  const reach =
    tokens === undefined || tokens.low === null || tokens.high === null || !(tokens.value > 0)
      ? 'short runs'
      : `short runs, whose throughput is known to about ±${percentText((tokens.high - tokens.low) / 2 / tokens.value)}`;
  const client =
    invalid === 0
      ? 'the client kept up'
      : `in ${countText(invalid)} of ${countText(done.length)} the client did not keep up, so that the server may be faster than it looks`;
  return `This is a first look: each load was measured once, by ${reach}; ${client}, and ${machine}. For a firm answer, use inferometer capacity.`;
}
