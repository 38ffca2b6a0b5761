import type { PlainReply } from '../../engine/plain-transport.ts';
import { adapterOf, type ApiName } from '../../protocol/adapters.ts';
import { jsonObjectIn } from '../../protocol/json.ts';
import { SOUND_KINDS } from '../../core/response-kind.ts';
import { errorMessage } from '../../protocol/openai-reply.ts';
import { readSample } from './sample-request.ts';

/** What a server's answer to a request without a prompt says of an API. */
export type ApiAnswer = 'yes' | 'no' | 'key';

/** Tokens that a server may make of a request that it takes although it has no prompt. */
const FEW_TOKENS = 4;

/** Why a path that is there answers 404: `The model "x" does not exist`. */
const MISSES_MODEL =
  /\bmodel\b.*\b(?:not (?:found|exist|available)|unknown|no such|invalid|unsupported)|no such model/is;

/** A request that an API refuses for its missing prompt, so that nothing is generated; with a small limit, should a server not mind. */
export function promptlessBody(api: ApiName, model: string): Record<string, unknown> {
  const options = { model, streaming: false, includeUsage: false, maxOutputTokens: FEW_TOKENS };
  const adapter = adapterOf(api);
  // A file is the prompt, and without one there is nothing to send.
  if (adapter.sendsAudio === true) return { model };
  const body = adapter.requestBody(
    { prompt: 'x', ...(adapter.kind === 'scores' && { documents: ['x'] }) },
    options,
  );
  const prompts = [
    ...['prompt', 'messages', 'input', 'inputs', 'text', 'text_input'],
    ...['query', 'documents', 'text_1', 'text_2'],
  ];
  return Object.fromEntries(Object.entries(body).filter(([name]) => !prompts.includes(name)));
}

/** Whether the API is there: who refuses the request for its content has a place for it. */
export function apiAnswerOf(api: ApiName, reply: PlainReply): ApiAnswer {
  const { status, body } = reply;
  if (status === 401 || status === 403) return 'key';
  if (status >= 200 && status < 300) return isOfApi(api, reply) ? 'yes' : 'no';
  if (status >= 400 && status < 500 && saysUnsupported(body)) return 'no';
  if (status === 404) return saysModelIsMissing(body) ? 'yes' : 'no';
  // What stands in front of a server speaks for none of its paths.
  const isElsewhere = status < 400 || status === 405 || (status > 500 && status <= 504);
  return isElsewhere ? 'no' : 'yes';
}

/** Some servers have the paths of all APIs, and refuse those that their model is not for. */
function saysUnsupported(body: Uint8Array): boolean {
  const found = jsonObjectIn(body, 0, body.length);
  return found !== undefined && /does not support .*\bAPI\b/i.test(errorMessage(found));
}

/** Whether an error is about the model, so that its path is the right one. */
export function saysModelIsMissing(body: Uint8Array): boolean {
  const found = jsonObjectIn(body, 0, body.length);
  return found !== undefined && MISSES_MODEL.test(errorMessage(found));
}

/** A server may answer everything with 200; what counts is whether the API's answer is in there. */
function isOfApi(api: ApiName, reply: PlainReply): boolean {
  // Any bytes may be sound, and any text a transcript.
  if (SOUND_KINDS.includes(adapterOf(api).kind ?? 'text')) return false;
  const reading = readSample(adapterOf(api), reply, false);
  return !('failure' in reading) || reading.failure.errorType !== 'malformed_response';
}
