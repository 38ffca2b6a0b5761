import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { HttpServers } from './http-servers.ts';
import { isRunning, WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench({ drawsReports: true });
const servers = new HttpServers();
afterAll(async () => {
  await bench.end();
  servers.end();
});

interface Summary {
  readonly samples: { readonly succeeded: number; readonly errored: number };
  readonly throughput: { readonly succeeded_per_second: number; readonly output_tokens_per_second: number };
  readonly energy?: {
    readonly sources: readonly {
      readonly source: string;
      readonly readings: number;
      readonly devices: number;
    }[];
    readonly known_share: number;
    readonly mean_watts: number | null;
    readonly joules_per_request: number | null;
    readonly joules_per_output_token: number | null;
    readonly reason: string | null;
  };
  readonly cost?: { readonly [key: string]: number | string | null };
}

/** Two GPUs that draw 150 W and 250 W. */
const DCGM = [150, 250]
  .map((watts, i) => `DCGM_FI_DEV_POWER_USAGE{gpu="${i}",UUID="GPU-${i}",Hostname="n"} ${watts}`)
  .join('\n');

async function exporter(text: string | undefined): Promise<string> {
  const url = await servers.start((_request, response) => {
    if (text !== undefined) response.end(text);
  });
  return `${url}/metrics`;
}

const summaryOf = (name: string) => bench.json<Summary>(`${name}/performance/result_summary.json`);

it('tells joules and cost by request and by token, from an exporter and a program', async () => {
  const url = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:10');
  const pidFile = bench.file('meter.pid');
  // A write to a closed pipe does not end it.
  const meter = `trap '' PIPE; echo $$ > ${pidFile}; while :; do echo '{"watts": 100}'; sleep 0.3; done`;
  const gpus = await exporter(DCGM);
  const flags = [
    ...['--power', gpus, '--power', meter, '--price-per-hour', '36', '--good', 'latency < 10s'],
    ...['--report-html', 'on'],
  ];
  const args = [
    ...bench.runArgs(url, 10, '--rate', '40', '--duration', '5s', ...flags),
    '--out',
    bench.file('both'),
  ];
  const run = await bench.start(args).finished;
  expect(WENT_THROUGH, run.stderr).toContain(run.code);
  // The program that it started has ended with it; somebody may have to reap it.
  await expect.poll(() => isRunning(Number(readFileSync(pidFile, 'utf8'))), { timeout: 5000 }).toBe(false);
  const { energy, throughput, cost } = summaryOf('both');
  expect(energy!.reason).toBeNull();
  expect(energy!.sources.map(({ devices }) => devices).sort()).toEqual([1, 2]);
  expect(energy!.mean_watts).toBeCloseTo(500, 6);
  expect(energy!.joules_per_request).toBeCloseTo(500 / throughput.succeeded_per_second, 6);
  expect(energy!.joules_per_output_token).toBeCloseTo(500 / throughput.output_tokens_per_second, 6);
  // 36 an hour are 0.01 a second.
  expect(cost!.per_million_output_tokens).toBeCloseTo(1e4 / throughput.output_tokens_per_second, 6);
  expect(cost!.per_million_good_output_tokens).toBeGreaterThan(0);
  const text = readFileSync(bench.file('both/report.txt'), 'utf8').replaceAll(/\s+/g, ' ');
  expect(text).toMatch(/Energy: \S+ J per request; \S+ J per output token; 500 W on average/);
  expect(text).toMatch(
    /Cost: \S+ per million output tokens; .* per million good output tokens; .* at 36 per hour/,
  );
  const page = readFileSync(bench.file('both/report.html'), 'utf8');
  expect(page).toContain('id="server-power"');
  expect(page).toContain('J per output token');
  const again = await bench.start(['report', bench.file('both'), '--json', '--price-per-hour', '72'])
    .finished;
  const rebuilt = JSON.parse(again.stdout) as Summary;
  expect(rebuilt.energy).toEqual(energy);
  expect(rebuilt.cost!.per_thousand_requests).toBeCloseTo(2 * Number(cost!.per_thousand_requests), 9);
});

it('goes on without sources that fail, hang or tell nonsense, and says so', async () => {
  const url = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:10');
  const sources = [await exporter(undefined), await exporter('up 1\n'), 'echo 12 W; exit 3', 'sleep 100'];
  const flags = sources.flatMap((source) => ['--power', source]);
  const args = [
    ...bench.runArgs(url, 10, '--rate', '40', '--duration', '3s', ...flags),
    '--out',
    bench.file('bad'),
  ];
  const run = await bench.start(args).finished;
  expect(WENT_THROUGH, run.stderr).toContain(run.code);
  expect(run.stderr).toMatch(/power can't be read: no power in W by any of .*DCGM_FI_DEV_POWER_USAGE/);
  expect(run.stderr).toMatch(/echo 12 W; exit 3: power can't be read: no JSON in '12 W'/);
  const { samples, energy } = summaryOf('bad');
  expect(samples.errored).toBe(0);
  expect(samples.succeeded).toBeGreaterThan(110);
  expect(energy).toMatchObject({ mean_watts: null, joules_per_request: null });
  expect(energy!.reason).toContain('told the power in 0 % of the measured window');
});

it('refuses what is no source and no price', async () => {
  const args = bench.runArgs('http://127.0.0.1:9', 1);
  const secret = await bench.start([...args, '--power', 'http://me:pw@host/metrics']).finished;
  expect(secret.code).toBe(2);
  expect(secret.stderr).toContain('--power');
  const free = await bench.start(['report', bench.file('both'), '--price-per-hour', '0']).finished;
  expect(free.stderr).toContain('--price-per-hour must be a number above 0');
});
