import type { RandomSource } from '../../core/random.ts';
import { type LengthDistribution, LENGTHS_ALLOWED, parseLengths } from './length-distribution.ts';

/** Lengths of a prompt and of its response. */
export interface LengthPair {
  readonly input: number;
  /** Undefined for a response without a limit. */
  readonly output: number | undefined;
}

/** Where the lengths of prompts and responses come from. */
export interface LengthPairs {
  draw(random: RandomSource): LengthPair;
  /** What no input exceeds. */
  readonly mostInput: number;
}

export const MIXTURE_FORM = 'WEIGHT*INPUT:OUTPUT+WEIGHT*INPUT:OUTPUT+…';

/** An input and an output that have nothing to do with one another. */
export function independentPairs(
  input: LengthDistribution,
  output: LengthDistribution | undefined,
): LengthPairs {
  return {
    draw: (random) => ({ input: input.draw(random), output: output?.draw(random) }),
    mostInput: input.most,
  };
}

/**
 * An input and an output, each as it is distributed, that hang together by a Gaussian copula: two standard normal scores are drawn that
 * have this correlation, and each length is the one at its score. A pair of which one is unfit is drawn again. Returns what is wrong instead.
 */
export function correlatedPairs(
  input: LengthDistribution,
  output: LengthDistribution,
  correlation: number,
): LengthPairs | string {
  const { atScore: inputAt } = input;
  const { atScore: outputAt } = output;
  if (inputAt === undefined || outputAt === undefined)
    return 'a correlation needs an input and an output that are distributions, not one number';
  const rest = Math.sqrt(1 - correlation * correlation);
  const draw = (random: RandomSource): LengthPair => {
    for (;;) {
      const score = random.normal();
      const pair = { input: inputAt(score), output: outputAt(correlation * score + rest * random.normal()) };
      if (!Number.isNaN(pair.input + pair.output)) return pair;
    }
  };
  return { draw, mostInput: input.most };
}

/** Pairs that were listed, each as likely as the others. */
export function listedPairs(pairs: readonly LengthPair[]): LengthPairs {
  return {
    draw: (random) => pairs[random.below(pairs.length)]!,
    mostInput: pairs.reduce((most, { input }) => Math.max(most, input), 0),
  };
}

interface Part {
  /** The sum of the weights up to this one. */
  readonly sum: number;
  readonly pairs: LengthPairs;
}

/** `0.7*256:64+0.3*8192:512`: kinds of requests, and how often each comes. Returns what is wrong instead. */
export function parseMixture(text: string): LengthPairs | string {
  const parts: Part[] = [];
  let sum = 0;
  const outputs = new Set<boolean>();
  for (const partText of text.split('+')) {
    const [, weightText = '1', pairText] = /^(?:(\d+(?:\.\d+)?)\*)?(.+)$/.exec(partText) ?? [];
    const pair = pairText === undefined ? undefined : parsePair(pairText);
    if (pair === undefined || Number(weightText) <= 0)
      return `"${partText}": must be WEIGHT*INPUT:OUTPUT, as in 0.7*256:64, where a length is ${LENGTHS_ALLOWED}`;
    outputs.add(pair.output !== undefined);
    parts.push({ sum: (sum += Number(weightText)), pairs: independentPairs(pair.input, pair.output) });
  }
  if (outputs.size > 1) return `"${text}": either all parts have an output or none has`;
  if (parts.length === 1) return parts[0]!.pairs;
  return {
    draw: (random) => {
      const wanted = random.uniform() * sum;
      return (parts.find((part) => part.sum > wanted) ?? parts.at(-1)!).pairs.draw(random);
    },
    mostInput: Math.max(...parts.map(({ pairs }) => pairs.mostInput)),
  };
}

/** `256:64`, `lognormal:256,0.5:64` or, without an output, `256`. */
function parsePair(
  text: string,
): { readonly input: LengthDistribution; readonly output: LengthDistribution | undefined } | undefined {
  const one = String.raw`\d+|[a-z]+:[\d.,]+`;
  const [, inputText, outputText] = new RegExp(`^(${one})(?::(${one}))?$`).exec(text) ?? [];
  const input = inputText === undefined ? undefined : parseLengths(inputText);
  const output = outputText === undefined ? undefined : parseLengths(outputText);
  if (input === undefined || (outputText !== undefined && output === undefined)) return undefined;
  return { input, output };
}
