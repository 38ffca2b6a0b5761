import type { ApiName } from '../protocol/adapters.ts';
import type { Lengths, Meaning, Prompts } from './meaning.ts';
import type { Words } from './run-commands.ts';
import { timeText } from './tool.ts';

/** Formats whose files are read here under another name than theirs. */
const FORMATS: Readonly<Record<string, string>> = {
  mooncake: 'mooncake',
  azure_trace: 'azure',
  burstgpt: 'burstgpt',
  timed_trace: 'timed-trace',
  'aiperf-single-turn': 'aiperf-single-turn',
  'aiperf-multi-turn': 'aiperf-multi-turn',
  'aiperf-random-pool': 'aiperf-random-pool',
  'aiperf-dag': 'aiperf-dag',
  'aiperf-inputs': 'aiperf-inputs',
  'raw-payload': 'raw-payload',
  bailian: 'bailian',
  weka: 'weka',
  agentic_trace: 'sglang-agentic',
};
/** Traces that have lengths in the place of prompts. */
const OF_LENGTHS = ['mooncake', 'azure_trace', 'burstgpt', 'timed_trace', 'bailian', 'weka'];
const MADE_UP = ['synthetic', 'shared_prefix', 'sonnet'];
const TOKENIZER_NOTE =
  '--tokenizer is a tokenizer.json, or the name of a model in the local cache of Hugging Face: nothing is downloaded.';
const DEFAULT_COUNT = 1000;

/** The prompts of a run: a file, or generated. */
export function promptWords(meaning: Meaning, api: ApiName, tool: string): Words {
  const { dataset } = meaning;
  const needsTokenizer = MADE_UP.includes(dataset.kind) || OF_LENGTHS.includes(dataset.kind);
  const tokenizer = meaning.tokenizer ?? (needsTokenizer ? firstModel(meaning) : undefined);
  const tokenizerWords = tokenizer === undefined ? [] : ['--tokenizer', tokenizer];
  const prompts = MADE_UP.includes(dataset.kind) ? madeUpWords(meaning, tool) : fileWords(meaning, api, tool);
  return {
    words: [...prompts.words, ...tokenizerWords],
    notes: [
      ...prompts.notes,
      ...(tokenizer === undefined || tokenizer.endsWith('.json') ? [] : [TOKENIZER_NOTE]),
    ],
  };
}

function firstModel({ model }: Meaning): string {
  if (model === null) return 'NAME';
  return typeof model === 'string' ? model : model.names[0]!;
}

function madeUpWords(meaning: Meaning, tool: string): Words {
  const { dataset, stop } = meaning;
  const { prefixes, prefix_tokens: prefixTokens, turns, delay_ms: delay } = dataset;
  const input = dataset.suffix_tokens === undefined ? dataset.input : { tokens: dataset.suffix_tokens };
  const count = dataset.entries ?? stop.conversations ?? entriesOf(dataset, meaning);
  const parts = [
    ...lengthParts(input, dataset.output),
    ...(prefixTokens === undefined ? [] : [`prefix=${prefixTokens}x${prefixes ?? 1}`]),
    ...(dataset.shared_system_tokens === undefined ? [] : [`system=${dataset.shared_system_tokens}x1`]),
    ...(turns === undefined ? [] : [`turns=${lengthsText(normalOf(turns))}`]),
    ...(count === undefined || count === DEFAULT_COUNT ? [] : [`count=${count}`]),
  ];
  const cut = [input, dataset.output].some(
    (one) => one !== undefined && 'normal' in one && one.min !== undefined,
  );
  return {
    words: [
      '--synthetic',
      parts.join(' '),
      ...(delay === undefined ? [] : ['--think-time', delayText(delay)]),
    ],
    notes: [
      ...(cut ? ['Normal lengths are not cut at their least and most here, only at 1.'] : []),
      ...(delay?.stddev === undefined
        ? []
        : ['The time between turns is log-normal with their mean and standard deviation, not normal.']),
      ...(dataset.inputs_per_request === undefined
        ? []
        : [
            `Made-up requests have one text each, not ${dataset.inputs_per_request}: use --dataset with lists as input.`,
          ]),
      ...(dataset.kind === 'sonnet'
        ? [`Prompts are random words, not lines of sonnets; text=FILE in --synthetic takes them from a text.`]
        : []),
      ...(dataset.per_prefix === undefined
        ? []
        : [`Each prefix comes about, not exactly, ${dataset.per_prefix} times.`]),
      ...(count === undefined && stop.seconds !== undefined
        ? [
            `There are ${DEFAULT_COUNT} different prompts, sent again after that; ${tool} makes new ones (count=N in --synthetic).`,
          ]
        : []),
    ],
  };
}

/** As many prompts as requests, where each request has one of its own. */
function entriesOf(dataset: Prompts, { stop }: Meaning): number | undefined {
  const turns = dataset.turns?.mean ?? 1;
  if (stop.inputs !== undefined) return Math.ceil(stop.inputs / (dataset.inputs_per_request ?? 1));
  if (stop.requests !== undefined) return Math.ceil(stop.requests / turns);
  const { prefixes, per_prefix: each } = dataset;
  return prefixes === undefined || each === undefined ? undefined : prefixes * each;
}

function lengthParts(input: Lengths | undefined, output: Lengths | undefined): readonly string[] {
  if (input !== undefined && 'mixture' in input) return [`lengths=${input.mixture}`];
  const hasOutput = output !== undefined && !('tokens' in output && output.tokens === null);
  return [
    `input=${lengthsText(input ?? { tokens: 1 })}`,
    ...(hasOutput ? [`output=${lengthsText(output)}`] : []),
  ];
}

function lengthsText(lengths: Lengths): string {
  if ('mixture' in lengths) return lengths.mixture;
  if ('uniform' in lengths) return `uniform:${lengths.uniform.join(',')}`;
  if ('normal' in lengths) return `normal:${lengths.normal.mean},${lengths.normal.stddev}`;
  return String(lengths.tokens ?? 1);
}

function normalOf({ mean, stddev }: { readonly mean: number; readonly stddev?: number }): Lengths {
  return stddev === undefined ? { tokens: mean } : { normal: { mean, stddev } };
}

/** The log-normal distribution with this mean and standard deviation. */
function delayText({ mean, stddev }: { readonly mean: number; readonly stddev?: number }): string {
  if (stddev === undefined) return timeText(mean);
  const squared = 1 + (stddev / mean) ** 2;
  const median = Math.round(mean / Math.sqrt(squared));
  return `lognormal:${timeText(median)},${Math.sqrt(Math.log(squared)).toFixed(3)}`;
}

function fileWords({ dataset, stop }: Meaning, api: ApiName, tool: string): Words {
  const { kind, path, output } = dataset;
  const limit = output !== undefined && 'tokens' in output ? output.tokens : null;
  const format = FORMATS[kind];
  const isSharegpt = kind === 'sharegpt';
  const isHere = typeof path === 'string' && kind !== 'hub';
  const file = isHere ? path : `${(path ?? kind).replaceAll('/', '-')}.json`;
  const canLimit = !['embeddings', 'rerank'].includes(api);
  return {
    words: [
      ...['--dataset', file],
      ...(format === undefined ? [] : ['--format', format]),
      ...(limit === null || !canLimit ? [] : ['--max-output-tokens', String(limit)]),
    ],
    notes: [
      ...(isHere
        ? []
        : [
            `${tool} fetches or makes the data set "${path ?? kind}"; put it into the file ${file} first, as nothing is downloaded.`,
          ]),
      ...(isSharegpt && limit === null
        ? [
            'They limit each response to the length of the recorded one; here there is no limit without --max-output-tokens.',
          ]
        : []),
      ...(stop.requests !== undefined && isHere && !isSharegpt && format === undefined
        ? [
            'Rows are sent in an order of the seed, and again from the start when there are fewer than --samples.',
          ]
        : []),
    ],
  };
}
