import { once } from 'node:events';
import { join } from 'node:path';
import { readSeenRun } from '../../src/app/calibration/seen-samples.ts';
import { fetchTruth } from '../../src/app/calibration/server-truth.ts';
import { compareWithTruth } from '../../src/app/calibration/truth-comparison.ts';
import type { HttpVersion } from '../../src/engine/settings.ts';
import type { Bench, BenchOptions, BenchResult } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { QUICK_WARM_UP, WARM_UP } from './clients/order.ts';
import { runClient } from './clients/run-client.ts';
import { startMock, startProgram, Workspace } from './program.ts';

const STREAMS = 64;
const TOKENS = 50;
const TEXT = `${STREAMS} streams, a chunk in 10 ms each`;
/** With as many in flight on average, not in step with each other. */
const RATE_PER_SECOND = 120;
/** Each is sent once at most, so that the server's record of it can be told. */
const ROWS = 5000;
const NS_PER_US = 1000;
const NOTE =
  'both against the same mock server, in Node, which speaks both. The errors include the time of loopback and what the server was held up between its stamp and the write, which over HTTP/2 waits for the end of a turn of its event loop: its share of the difference is not known';

const PEER = 'HTTP/1.1';

/** What streams cost and how far their times are off over HTTP/2, beside HTTP/1.1. */
export const bench: Bench = {
  async run(options) {
    const mock = await startMock([
      ...['--ttft', 'fixed:50', '--inter-token', 'fixed:10', '--output-tokens', `fixed:${TOKENS}`],
    ]);
    try {
      return [await measureCost(options, mock.url), ...(await measureErrors(options, mock.url))];
    } finally {
      mock.child.kill('SIGTERM');
    }
  },
};

async function measureCost({ quick, rounds, say }: BenchOptions, url: string): Promise<BenchResult> {
  say(`${TEXT}, CPU of an engine worker`);
  const client = (http: HttpVersion) => async () => {
    const { chunks, cpuSeconds } = await runClient('engine', {
      ...{ url, http, connections: STREAMS, streaming: true, answerBytes: 0 },
      ...{ warmUp: quick ? QUICK_WARM_UP : { ...WARM_UP, maxMs: 5000 }, measureMs: quick ? 1000 : 5000 },
    });
    return (cpuSeconds * 1e6) / chunks;
  };
  const values = await inTurn(rounds, { http2: client(2), http1: client(1) });
  return besideHttp1('chunk', `CPU of a streamed chunk over HTTP/2, engine worker, ${TEXT}`, values);
}

async function measureErrors(
  { quick, rounds, say }: BenchOptions,
  url: string,
): Promise<readonly BenchResult[]> {
  say(`${TEXT}, reported beside true times`);
  const workspace = new Workspace();
  const dataset = workspace.prompts(ROWS);
  const errors = (http: HttpVersion) => async () => {
    await fetch(`${url}/truth`, { method: 'DELETE' });
    const out = workspace.freshRun();
    const run = startProgram([
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', dataset, '--out', out, '--workers', '1'],
      ...['--pattern', 'poisson', '--rate', String(RATE_PER_SECOND), '--http', String(http)],
      ...['--duration', quick ? '2s' : '8s'],
      ...['--sample-order', 'sequential', '--check', 'off'],
    ]);
    run.stdout!.resume();
    run.stderr!.resume();
    await once(run, 'close');
    const { originNs, samples } = await readSeenRun(join(out, 'run.log'));
    const truths = await fetchTruth(url, originNs);
    const { ttft, chunkGap, unmatched } = compareWithTruth(samples, truths, { fromNs: 0, toNs: Infinity });
    if (ttft === null || chunkGap === null || unmatched > 0)
      throw new Error(`${unmatched} of ${samples.length} samples without their truth`);
    return { ttft: ttft.biasNs / NS_PER_US, gapP99: chunkGap.p99Ns / NS_PER_US };
  };
  const values = await inTurn(rounds, { http2: errors(2), http1: errors(1) }).finally(() =>
    workspace.remove(),
  );
  const of = (which: 'ttft' | 'gapP99') => ({
    http2: values.http2.map((value) => value[which]),
    http1: values.http1.map((value) => value[which]),
  });
  return [
    besideHttp1('ttft', `TTFT over HTTP/2, reported − true, median, ${TEXT}`, of('ttft')),
    besideHttp1('gap', `chunk gaps over HTTP/2, reported and true differ by, p99, ${TEXT}`, of('gapP99')),
  ];
}

function besideHttp1(
  id: string,
  what: string,
  { http2, http1 }: Readonly<Record<'http2' | 'http1', readonly number[]>>,
): BenchResult {
  return {
    ...{ id: `system/http2/${id}`, what, unit: 'µs', value: spreadOf(http2), isLessBetter: true, note: NOTE },
    peer: { name: PEER, value: spreadOf(http1), ratio: ratioOf(http2, http1) },
  };
}
