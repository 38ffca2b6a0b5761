import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { countedText } from '../../core/quantity-text.ts';
import { createSyntheticDataset } from '../../dataset/synthetic.ts';
import { parseEndpoint } from '../../protocol/endpoint.ts';
import { isEndpointHere } from '../machine/endpoint-here.ts';
import type { ProbeResult } from '../probe/probe-server.ts';
import type { RunFlags } from './run-flags.ts';
import type { StudyFolder } from './study-folder.ts';
import type { QuickQuestion } from './study-question.ts';

const DATASET = 'prompts.jsonl';
/** What people wait for without complaint: a second for the first word, and text that comes faster than most read. */
const DEFAULT_SLOS = ['ttft p90 < 1s', 'tpot p90 < 100ms', 'errors < 1%'];
const SECONDS_A_LOAD = '8s';
/** Questions, and texts to work on. */
const PROMPTS = [
  { rowCount: 700, medianWords: 40, sigma: 0.6, maxWords: 200, seed: 1 },
  { rowCount: 300, medianWords: 400, sigma: 0.4, maxWords: 1000, seed: 2 },
];
const OUTPUT_TOKENS = '64';

export interface QuickOptions {
  readonly url: string;
  readonly path: string;
  /** How the server is reached, as it was given. */
  readonly flags: RunFlags;
  readonly probe: ProbeResult;
  /** The file of what calibrate measured. */
  readonly calibrationPath: string;
  readonly common: Pick<QuickQuestion, 'format' | 'version' | 'created_at' | 'directory'>;
}

/** What a quick look asks of a server that was probed. */
export function quickQuestion({
  url,
  path,
  flags,
  probe,
  calibrationPath,
  common,
}: QuickOptions): QuickQuestion {
  const { sample, models } = probe;
  const model = flags['--model']?.at(-1) ?? models[0]?.id ?? 'default';
  return {
    ...common,
    ...{ kind: 'quick', server: serverText(probe, url, model), machine: machineText(url, calibrationPath) },
    run: {
      '--model': [model],
      ...(sample === null ? {} : { '--api': [sample.api] }),
      ...flagsOfWords(sample?.flags ?? []),
      ...flags,
      '--endpoint': [url],
      '--dataset': [resolve(path, DATASET)],
      '--max-output-tokens': [OUTPUT_TOKENS],
      '--duration': [SECONDS_A_LOAD],
      '--drain-timeout': [SECONDS_A_LOAD],
      '--warmup': ['2'],
      '--events-jsonl': ['off'],
      '--slo': DEFAULT_SLOS,
    },
  };
}

/** Short and long prompts in a mixed order, each unlike the others. */
export async function writeQuickDataset(folder: StudyFolder): Promise<void> {
  const [short, long] = PROMPTS.map((options) => createSyntheticDataset(options).rows);
  const rows = [...short!, ...long!];
  await writeFileAtomic(join(folder.path, DATASET), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function serverText({ server, sample }: ProbeResult, url: string, model: string): string {
  const { host } = new URL(parseEndpoint(url).url);
  const name =
    server === null
      ? 'an unknown server'
      : [server.name, server.version].filter((part) => part !== undefined).join(' ');
  const api =
    sample === null ? '' : ` over the ${sample.api} API${sample.streams === true ? ', streaming' : ''}`;
  return `${host === '' ? url : host} is ${name} and serves ${model}${api}.`;
}

function machineText(url: string, calibrationPath: string): string {
  const shares = isEndpointHere(parseEndpoint(url)) ? ['shares them with the server'] : [];
  const facts = [
    `has ${countedText(availableParallelism(), 'core')}`,
    ...shares,
    ...(existsSync(calibrationPath) ? [] : ['was never calibrated']),
  ];
  const last = facts.pop()!;
  return `this machine ${facts.length === 0 ? last : `${facts.join(', ')} and ${last}`}`;
}

/** `--usage off --insecure` as flags. */
function flagsOfWords(words: readonly string[]): RunFlags {
  const flags: Record<string, string[]> = {};
  let last: string[] = [];
  for (const word of words) {
    if (word.startsWith('--')) last = flags[word] ??= [];
    else last.push(word);
  }
  return flags;
}
