import type { ApiName } from '../protocol/adapters.ts';
import { adapterOf, pathOf } from '../protocol/adapters.ts';
import { loadWords, type LoadVariant } from './load-words.ts';
import type { Meaning } from './meaning.ts';
import { promptWords } from './prompt-words.ts';
import { shellQuoted } from './shell-words.ts';
import { timeText } from './tool.ts';

export interface RunCommand {
  /** What follows `inferometer run`. */
  readonly words: readonly string[];
  /** For a POSIX shell. */
  readonly text: string;
}

/** What is known of a command while it is being put together. */
export interface Words {
  readonly words: readonly string[];
  readonly notes: readonly string[];
}

/** Their APIs by the names that they have here. */
const APIS: Readonly<Record<string, ApiName>> = {
  'openai-chat': 'chat',
  'openai-completions': 'completions',
  'openai-responses': 'responses',
  'openai-embeddings': 'embeddings',
  'openai-images': 'images',
  'openai-transcription': 'transcription',
  anthropic: 'anthropic',
  rerank: 'rerank',
  'sglang-generate': 'sglang',
  'tgi-generate': 'tgi',
  'triton-generate': 'triton',
};

/** Stands for a name that the command line does not have. */
const NO_NAME = 'NAME';
const RETRIED = '429,5xx,connection_refused,connect_failed,connection_reset,timeout';
const LONGEST_LINE = 100;

/** The commands that do what `meaning` says, and where they can't. */
export function runCommandsOf(
  meaning: Meaning,
  tool: string,
): { readonly commands: readonly RunCommand[]; readonly notes: readonly string[] } {
  const api = APIS[meaning.api]!;
  const server = serverWords(meaning, api);
  const prompts = promptWords(meaning, api, tool);
  const fields = fieldWords(meaning, api);
  const { variants, notes } = loadWords(meaning);
  const ends = endWords(meaning);
  const good = goodWords(meaning);
  const key = authorizationOf(meaning);
  const commands = variants.map((variant) => {
    const words = [
      ...server.words,
      ...prompts.words,
      ...fields.words,
      ...variant.words,
      ...ends.words,
      ...good.words,
      ...outWords(meaning, variants.length > 1 ? variant : undefined),
    ];
    return { words, text: commandText(words, key !== undefined) };
  });
  return {
    commands,
    notes: [
      ...server.notes,
      ...prompts.notes,
      ...fields.notes,
      ...notes,
      ...ends.notes,
      ...good.notes,
      ...otherNotes(meaning, tool),
    ],
  };
}

function serverWords({ endpoint, api: theirs, model, streaming, load }: Meaning, api: ApiName): Words {
  const urls = typeof endpoint.url === 'string' ? [endpoint.url] : endpoint.url;
  const names = model === null || typeof model === 'string' ? [model ?? NO_NAME] : model.names;
  const weights = model === null || typeof model === 'string' ? undefined : model.weights;
  const own = `/${pathOf(adapterOf(api), streaming, names[0]!)}`;
  const isBurst = load.kind === 'all_at_once' && load.max_in_flight === undefined;
  const canStream = !['openai-embeddings', 'rerank'].includes(theirs);
  return {
    words: [
      ...urls.flatMap((url) => ['--endpoint', url]),
      ...(api === 'chat' ? [] : ['--api', api]),
      ...(endpoint.path === null || endpoint.path === own ? [] : ['--path', endpoint.path]),
      ...names.flatMap((name, at) => ['--model', weights === undefined ? name : `${name}=${weights[at]}`]),
      ...(canStream && !streaming ? ['--streaming', 'off'] : []),
      ...(canStream && streaming && (isBurst || load.kind === 'sweep') ? ['--streaming', 'on'] : []),
    ],
    notes:
      model === null
        ? [`Put the model's name for ${NO_NAME}: they ask the server for it; inferometer probe URL shows it.`]
        : [],
  };
}

/** What is sent with every request. */
function fieldWords(meaning: Meaning, api: ApiName): Words {
  const { sampling, body = {}, ignore_eos: ignoresEos, headers = {}, limit_field: limitField } = meaning;
  const { max_tokens: limit, ...fields } = body;
  const inBody = { ...(ignoresEos === true ? { ignore_eos: true } : {}), ...sampling };
  const merged =
    api === 'sglang'
      ? { ...(Object.keys(inBody).length > 0 ? { sampling_params: inBody } : {}), ...fields }
      : { ...inBody, ...fields };
  const extra = Object.entries(merged).flatMap(([name, value]) => [
    '--extra',
    `${name}=${JSON.stringify(value)}`,
  ]);
  const shown = Object.entries(headers).filter(([name, value]) => !isBearer(name, value));
  const secret = shown.filter(([name]) => SECRET.test(name)).map(([name]) => name);
  const isLimitNamed = limitField !== undefined && (api === 'chat' || api === 'completions');
  return {
    words: [
      ...(isLimitNamed && api === 'chat' ? ['--limit-field', limitField] : []),
      ...extra,
      ...shown.flatMap(([name, value]) => ['--header', `${name}: ${secret.includes(name) ? '…' : value}`]),
    ],
    notes: [
      ...secret.map((name) => `Put the value of the header ${name} for …: secrets are not printed.`),
      ...(limit === undefined ? [] : ['max_tokens is the limit of every response, and no field of its own.']),
    ],
  };
}

const SECRET = /auth|key|token|secret|cookie|password/i;

function isBearer(name: string, value: string): boolean {
  return /^authorization$/i.test(name) && /^bearer /i.test(value);
}

function authorizationOf({ headers = {} }: Meaning): string | undefined {
  return Object.entries(headers).find(([name, value]) => isBearer(name, value))?.[1];
}

/** Seed, warm-up, time-outs and what else goes on around the load. */
function endWords(meaning: Meaning): Words {
  const { seed, warmup, cancel, retries, stop, timeout_seconds: timeout } = meaning;
  const warmups = warmup?.requests === 0 ? undefined : warmup;
  const isMultiTurn = meaning.dataset.turns !== undefined;
  const samples = warmups?.requests;
  const seconds = warmups?.seconds;
  const drain = stop.then_wait_seconds ?? timeout;
  return {
    words: [
      ...(samples === undefined || isMultiTurn ? [] : ['--warmup', String(samples)]),
      ...(seconds === undefined ? [] : ['--warmup', timeText(seconds * 1000)]),
      ...(cancel === undefined ? [] : cancelWords(cancel)),
      ...(retries === undefined ? [] : ['--retry', RETRIED, '--retry-max', String(retries)]),
      ...(timeout === undefined ? [] : ['--request-timeout', timeText(timeout * 1000)]),
      ...(drain === undefined ? [] : ['--drain-timeout', timeText(drain * 1000)]),
      ...(meaning.wait_ready_seconds === undefined
        ? []
        : ['--wait-ready', timeText(meaning.wait_ready_seconds * 1000)]),
      ...(meaning.connections === 'new' ? ['--connections', 'new'] : []),
      ...(meaning.insecure === true ? ['--insecure'] : []),
      ...(seed === undefined ? [] : ['--seed', String(seed)]),
    ],
    notes:
      samples !== undefined && isMultiTurn
        ? ['A number of requests is no warm-up of conversations; add --warmup with a time such as 10s.']
        : [],
  };
}

function cancelWords({ percent, after_seconds: seconds }: NonNullable<Meaning['cancel']>): readonly string[] {
  // Here a request is cancelled after some time, however short.
  return ['--cancel', `${percent}%`, '--cancel-after', timeText(Math.max(1, seconds * 1000))];
}

/** What the tools call the figures of a good request, and what they are called here. Their inter-token latency of one request is its mean. */
const GOOD_FIGURES: ReadonlyMap<string, string> = new Map([
  ['ttft', 'ttft'],
  ['tpot', 'tpot'],
  ['itl', 'tpot'],
  ['e2el', 'latency'],
]);

/** A request is good up to its limits in all of the tools. */
function goodWords({ goodput_ms: goodput = {} }: Meaning): Words {
  const limits = Object.entries(goodput).map(([name, ms]) => ({ name, ms, figure: GOOD_FIGURES.get(name) }));
  const known = limits.flatMap(({ figure, ms }) =>
    figure === undefined ? [] : [`${figure} <= ${timeText(ms)}`],
  );
  return {
    words: known.length === 0 ? [] : ['--good', known.join(' and ')],
    notes: limits.flatMap(({ name, ms, figure }) =>
      figure === undefined
        ? [`A limit for ${name} (${ms}) is left out: a request is good by its TTFT, TPOT or latency here.`]
        : [],
    ),
  };
}

/** A run writes a folder; each of several has its own. */
function outWords({ output }: Meaning, variant: LoadVariant | undefined): readonly string[] {
  const { dir, file } = output ?? {};
  const folder = dir ?? file?.replace(/\.\w+$/, '');
  if (folder === undefined) return [];
  return ['--out', variant === undefined ? folder : `${folder}/${variant.name}`];
}

function otherNotes(meaning: Meaning, tool: string): readonly string[] {
  const { leave_out: leftOut, output, stop } = meaning;
  return [
    ...(leftOut === undefined
      ? []
      : [
          'The first and last part of the run are not left out of the figures; --warmup sends requests before measuring.',
        ]),
    ...(output?.file === undefined
      ? []
      : [`A run writes a folder with its report, not the file ${output.file}.`]),
    ...(authorizationOf(meaning) === undefined
      ? []
      : ['Put the key for … in INFEROMETER_API_KEY: secrets are not printed.']),
    ...(tool === 'guidellm' && stop.seconds !== undefined
      ? [
          'What is in flight when the time is over is waited for; guidellm leaves it out (--drain-timeout 0 cancels it).',
        ]
      : []),
  ];
}

/** In one line, or a flag a line where that is long. */
function commandText(words: readonly string[], needsKey: boolean): string {
  const flags: string[] = [];
  for (const word of words) {
    if (word.startsWith('--')) flags.push(word);
    else flags[flags.length - 1] += ` ${shellQuoted(word)}`;
  }
  const line = [`${needsKey ? 'INFEROMETER_API_KEY=… ' : ''}inferometer run`, ...flags];
  const whole = line.join(' ');
  return whole.length <= LONGEST_LINE ? whole : line.join(' \\\n  ');
}
