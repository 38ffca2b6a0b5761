import { hasTokens } from '../../core/response-kind.ts';
import type { ErrorData } from '../../core/model-output.ts';
import { adapterOf, type ApiName } from '../../protocol/adapters.ts';
import type { RequestOptions } from '../../protocol/adapter.ts';
import { readSample, type SampleReading } from './sample-request.ts';
import type { ServerCaller } from './server-caller.ts';

/** What a request that generates a few tokens came to. */
export interface SampleFacts {
  readonly api: ApiName;
  /** Of the first request that a run would send; then all that follows is null. */
  readonly failure: ErrorData | undefined;
  readonly streams: boolean | null;
  /** Token counts of the server; in streams, where it was asked for them. */
  readonly usage: boolean | null;
  readonly keepsConnections: boolean | null;
  /** `ignored`: accepted, without an effect. Null also for APIs that have no such field. */
  readonly ignoreEos: 'yes' | 'ignored' | 'refused' | 'accepted' | null;
  /** Named in the response, if it names one. */
  readonly respondsAs: string | null;
  /** What a run against this server needs. */
  readonly flags: readonly string[];
  /** What to know of its responses, a sentence each. */
  readonly remarks: readonly string[];
}

/** Their servers never do. */
const COUNT_NO_TOKENS: readonly ApiName[] = ['triton', 'kserve'];
const PROMPT = 'Reply with the single word: yes';
const LIMIT = 8;
/** Room for the messages of that many tokens, and for a server that thinks little of limits. */
const MAX_BYTES = 65_536;
/** Some servers count the end token too. */
const TOKENS_ALLOWED = LIMIT + 2;
/** APIs whose servers may know `ignore_eos`. */
const TAKES_IGNORE_EOS: ReadonlySet<ApiName> = new Set(['chat', 'completions', 'sglang', 'llamacpp']);

/** How the request differs from a run's without flags. */
interface Variant {
  readonly includeUsage: boolean;
  readonly limitField?: 'max_tokens';
}

/** Sends what a run would send, and once or twice in another way where the server objects. */
export async function trySample(
  caller: ServerCaller,
  api: ApiName,
  model: string,
  timeoutMs: number,
): Promise<SampleFacts> {
  const trial = new Trial(caller, api, model, timeoutMs);
  let variant: Variant = { includeUsage: true };
  let outcome = await trial.send(variant);
  for (let tries = 0; tries < 2; tries++) {
    const next = nextVariant(api, variant, outcome);
    if (next === undefined) break;
    const other = await trial.send(next);
    if ('failure' in other && !('failure' in outcome)) break;
    const isBetter = !('failure' in other) && (!('failure' in outcome) ? !isTooLong(other) : true);
    if (isBetter) [variant, outcome] = [next, other];
    else break;
  }
  if ('failure' in outcome) return failedFacts(api, outcome.failure);
  const ignoreEos = TAKES_IGNORE_EOS.has(api) ? await trial.ignoreEos(variant, outcome) : null;
  return factsOf(api, model, variant, outcome, ignoreEos);
}

type Outcome = (SampleReading & Told) | { readonly failure: ErrorData };

interface Told {
  readonly keepsOpen: boolean;
  readonly isCut: boolean;
}

class Trial {
  readonly #caller: ServerCaller;
  readonly #api: ApiName;
  readonly #model: string;
  readonly #timeoutMs: number;

  constructor(caller: ServerCaller, api: ApiName, model: string, timeoutMs: number) {
    this.#caller = caller;
    this.#api = api;
    this.#model = model;
    this.#timeoutMs = timeoutMs;
  }

  async send(variant: Variant, fields: Readonly<Record<string, unknown>> = {}): Promise<Outcome> {
    const adapter = adapterOf(this.#api);
    const streaming = adapter.isWhole !== true;
    const options: RequestOptions = {
      ...{ model: this.#model, streaming, maxOutputTokens: LIMIT },
      ...variant,
    };
    const compared = adapter.kind === 'scores' ? { documents: ['yes', 'no'] } : {};
    const body = adapter.requestBody({ prompt: PROMPT, ...compared, ...fields }, options);
    const how = { streaming, model: this.#model };
    const reply = await this.#caller.post(this.#api, body, how, this.#timeoutMs, MAX_BYTES);
    if ('failure' in reply) return reply;
    const reading = readSample(adapter, reply, streaming, adapter.choicesOf(body));
    const { keepsOpen, isCut } = reply;
    return 'failure' in reading ? reading : { ...reading, keepsOpen, isCut };
  }

  /** Whether it goes on to the limit where it stopped before. */
  async ignoreEos(variant: Variant, plain: SampleReading): Promise<SampleFacts['ignoreEos']> {
    const outcome = await this.send(variant, { ignore_eos: true });
    if ('failure' in outcome) return /^http_4/.test(outcome.failure.errorType) ? 'refused' : null;
    if (outcome.final.finishReason !== 'length') return 'ignored';
    return plain.final.finishReason === 'length' ? 'accepted' : 'yes';
  }
}

/** What to try instead, if anything. */
function nextVariant(api: ApiName, variant: Variant, outcome: Outcome): Variant | undefined {
  const canRename = api === 'chat' && variant.limitField === undefined;
  if (!('failure' in outcome)) {
    return canRename && isTooLong(outcome) ? { ...variant, limitField: 'max_tokens' } : undefined;
  }
  const { errorType, errorMessage } = outcome.failure;
  if (!/^http_4(?:00|22)$/.test(errorType)) return undefined;
  if (canRename && /max_completion_tokens/.test(errorMessage))
    return { ...variant, limitField: 'max_tokens' };
  const hasUsage = (api === 'chat' || api === 'completions') && variant.includeUsage;
  return hasUsage && /stream_options|include_usage/.test(errorMessage)
    ? { ...variant, includeUsage: false }
    : undefined;
}

function isTooLong(outcome: SampleReading & Told): boolean {
  const { completionTokens } = outcome.final.tokens;
  return outcome.isCut || completionTokens > TOKENS_ALLOWED;
}

function failedFacts(api: ApiName, failure: ErrorData): SampleFacts {
  const nothing = { streams: null, usage: null, keepsConnections: null, ignoreEos: null, respondsAs: null };
  const remarks = [`a small request to --api ${api} failed: ${failure.errorType}: ${failure.errorMessage}`];
  return { api, failure, ...nothing, flags: [], remarks };
}

function factsOf(
  api: ApiName,
  model: string,
  variant: Variant,
  outcome: SampleReading & Told,
  ignoreEos: SampleFacts['ignoreEos'],
): SampleFacts {
  const { final, isStreamed, keepsOpen, model: named = null } = outcome;
  const keepsConnections = outcome.isCut ? null : keepsOpen;
  const adapter = adapterOf(api);
  const isText = hasTokens(adapter.kind ?? 'text');
  const usage = !Number.isNaN(isText ? final.tokens.completionTokens : final.tokens.promptTokens);
  const isWhole = adapter.isWhole === true;
  const namesOther = adapter.namesModel && named !== null && named !== model;
  const remarks = [
    ...(namesOther ? [`asked for the model ${model}, it responds as ${named}`] : []),
    ...(isStreamed || isWhole
      ? []
      : ['it does not stream, although a stream was requested: without one there is no TTFT']),
    ...(final.isEmpty ? ['its response was empty'] : []),
    ...(usage || COUNT_NO_TOKENS.includes(api)
      ? []
      : ['it reports no token counts: give the run a --tokenizer']),
    ...(isTooLong(outcome) ? [`it ignores the output limit: more than ${LIMIT} tokens came`] : []),
    ...(keepsConnections !== false
      ? []
      : ['it closes each connection, so every request of a run needs a new one']),
  ];
  return {
    ...{ api, failure: undefined, streams: isWhole ? null : isStreamed, usage, keepsConnections, ignoreEos },
    respondsAs: named,
    flags: [
      ...(variant.limitField === undefined ? [] : ['--limit-field', variant.limitField]),
      ...(variant.includeUsage ? [] : ['--usage', 'off']),
      ...(isStreamed || isWhole ? [] : ['--streaming', 'off']),
    ],
    remarks,
  };
}
