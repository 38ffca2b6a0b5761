import { YOUNG_SPACE_FLAGS } from '../../src/engine/young-space.ts';
import type { Bench, BenchLine, BenchOptions, BenchResult } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import type { PacingOrder, PacingResult } from './clients/pacing.main.ts';
import { runClient } from './clients/run-client.ts';
import { CannedServer } from './server/canned-server.ts';

const RATES_PER_SECOND = [1000, 5000, 20_000] as const;
const PATTERNS = ['poisson', 'constant'] as const;
const CONNECTIONS = 64;
const PRECISE_P50_US = 5;
const PRECISE_P99_US = 100;
const ECONOMY_P99_US = 1500;

const PRECISE_P99_TRIED =
  'the collections of young objects that the turning event loop causes were the tail (160 a second, 0.2 ms each); a larger young space leaves a twelfth of them. At 20k/s the 7 a second that are left (0.4 ms each, 0.3 ms without parallel scavenging, which did not show in the p99) delay 0.5 % of the arrivals by more than 50 µs; batches are handed over four times less often now. A young space of 128 MB makes fewer collections, but longer ones. What is left depends on the core being idle: anything else that runs on it holds the loop up for a time slice.';

type Load = Pick<PacingOrder, 'pattern' | 'ratePerSecond' | 'pacing'>;

/** How late requests are handed to their sockets, one worker against a server on another core. */
export const bench: Bench = {
  async run(options) {
    const server = await CannedServer.start(wholeAnswer());
    const lines: BenchLine[] = [];
    try {
      for (const pacing of ['precise', 'economy'] as const) {
        for (const pattern of PATTERNS) {
          for (const ratePerSecond of RATES_PER_SECOND) {
            lines.push(...(await measure(options, server.url, { pattern, ratePerSecond, pacing })));
          }
        }
      }
      return lines;
    } finally {
      await server.close();
    }
  },
};

async function measure(
  { quick, rounds, say }: BenchOptions,
  url: string,
  load: Load,
): Promise<readonly BenchResult[]> {
  const { pattern, ratePerSecond, pacing } = load;
  const text = `${pattern} ${ratePerSecond / 1000}k/s, ${pacing}`;
  say(`issue delay, ${text}`);
  const order: PacingOrder = {
    ...load,
    ...{ url, connections: CONNECTIONS, warmMs: 1000, measureMs: quick ? 1000 : 4000 },
  };
  const results: PacingResult[] = [];
  await inTurn(rounds, {
    requests: async () => {
      const result = await runClient<PacingResult>(
        'pacing',
        order,
        pacing === 'precise' ? [YOUNG_SPACE_FLAGS.min] : [],
      );
      results.push(result);
      return result.requests;
    },
  });
  const line = (percentile: string, valuesUs: readonly number[], goalUs?: number): BenchResult => ({
    id: `system/pacing/${pacing}/${pattern}/${ratePerSecond}/${percentile}`,
    what: `issue delay ${percentile}, ${text}`,
    unit: 'µs',
    value: spreadOf(valuesUs),
    isLessBetter: true,
    ...(goalUs === undefined ? {} : { goal: { of: 'value', bound: 'at most', value: goalUs } }),
    ...(pacing === 'precise' && percentile === 'p99' ? { tried: PRECISE_P99_TRIED } : {}),
  });
  const p50s = results.map(({ delayP50Us }) => delayP50Us);
  const p99s = results.map(({ delayP99Us }) => delayP99Us);
  return pacing === 'precise'
    ? [line('p50', p50s, PRECISE_P50_US), line('p99', p99s, PRECISE_P99_US)]
    : [line('p50', p50s), line('p99', p99s, ECONOMY_P99_US)];
}
