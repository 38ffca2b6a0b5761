import { z } from 'zod';

/** What the server knows of one answer, ns since the origin of the run it is held against. */
export interface ServerTruth {
  readonly promptNumber: number;
  readonly receivedNs: number;
  readonly tokensNs: readonly number[];
  readonly endNs: number;
  /** By how much earlier and later than told the bytes of each token, and by how much later the last ones, may have left. */
  readonly tokensEarlierNs: readonly number[];
  readonly tokensLaterNs: readonly number[];
  readonly endLaterNs: number;
}

const stamp = z.string().transform((text) => BigInt(text));
const truthSchema = z.object({
  outcome: z.string(),
  prompt_number: z.int().nullable(),
  received_ns: stamp,
  end_ns: stamp.nullable(),
  token_ns: z.array(stamp).nullable(),
  token_earlier_ns: z.array(z.number()).nullable(),
  token_later_ns: z.array(z.number()).nullable(),
  end_later_ns: z.number(),
});

/** Asks a mock server what it did; answers that are not whole, or have no number or no token times, are left out. */
export async function fetchTruth(url: string, originNs: bigint): Promise<readonly ServerTruth[]> {
  const response = await fetch(`${url}/truth?tokens=1`);
  return parseTruth(await response.text(), originNs);
}

/** The lines of `GET /truth?tokens=1`. */
export function parseTruth(lines: string, originNs: bigint): readonly ServerTruth[] {
  const sinceOrigin = (ns: bigint) => Number(ns - originNs);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const truth = truthSchema.parse(JSON.parse(line));
      const { outcome, prompt_number: promptNumber, end_ns: endNs, token_ns: tokensNs } = truth;
      if (outcome !== 'ok' || promptNumber === null || endNs === null || tokensNs === null) return [];
      return [
        {
          promptNumber,
          receivedNs: sinceOrigin(truth.received_ns),
          tokensNs: tokensNs.map(sinceOrigin),
          endNs: sinceOrigin(endNs),
          tokensEarlierNs: truth.token_earlier_ns ?? [],
          tokensLaterNs: truth.token_later_ns ?? [],
          endLaterNs: truth.end_later_ns,
        },
      ];
    });
}
