import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportedSamples } from './exported-samples.ts';
import type { Workspace } from './program.ts';

/** Times of one request on the clock that the run and the mock server share, ns since the run's origin. */
export interface ReceivedSample {
  readonly row: number;
  readonly dueNs: number;
  readonly issuedNs: number;
  /** By the server's own log. */
  readonly receivedNs: number;
}

/** The samples of a run that sends each row once, by row. Throws when one is missing or came twice. */
export async function receivedSamples(
  workspace: Workspace,
  run: string,
  mockUrl: string,
): Promise<readonly ReceivedSample[]> {
  const { origin_ns: originNs } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as {
    origin_ns: string;
  };
  const received = receivedNsByRow(await (await fetch(`${mockUrl}/truth`)).text(), BigInt(originNs));
  const samples = await exportedSamples(workspace, run, ['dataset_row', 'due_ns', 'issued_ns']);
  const isEachOnce = new Set(samples.map(({ dataset_row: row }) => row)).size === samples.length;
  if (!isEachOnce || samples.length !== received.size) {
    throw new Error(`${samples.length} samples and ${received.size} arrivals, expected each row once`);
  }
  return samples
    .map(({ dataset_row: row, due_ns: dueNs, issued_ns: issuedNs }) => {
      const receivedNs = received.get(row);
      if (receivedNs === undefined) throw new Error(`row ${row} never came`);
      return { row, dueNs, issuedNs, receivedNs };
    })
    .sort((a, b) => a.row - b.row);
}

function receivedNsByRow(truth: string, originNs: bigint): ReadonlyMap<number, number> {
  const lines = truth
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly prompt_number: number; readonly received_ns: string });
  const byRow = new Map(
    lines.map(({ prompt_number: row, received_ns: ns }) => [row, Number(BigInt(ns) - originNs)]),
  );
  if (byRow.size !== lines.length) throw new Error(`${lines.length - byRow.size} rows came twice`);
  return byRow;
}
