import { type JsonObject, isJsonObject, malformed } from './json.ts';
import type { ResponseFormatError } from './response-format-error.ts';

/** Which API, by its name on the command line, a body or message is of that has no choices; undefined for none that is known. */
export function otherApiOf(reply: JsonObject): string | undefined {
  const { type, object, done, stop } = reply;
  if (type === 'message' && Array.isArray(reply.content)) return 'anthropic';
  if (type === 'message_start' || type === 'content_block_delta') return 'anthropic';
  if (object === 'response' && Array.isArray(reply.output)) return 'responses';
  if (type === 'response.created' || type === 'response.completed') return 'responses';
  if (typeof done === 'boolean' && isJsonObject(reply.message)) return 'ollama';
  if (typeof done === 'boolean' && typeof reply.response === 'string') return 'ollama-generate';
  if (typeof reply.generated_text === 'string') return 'tgi';
  if (typeof stop === 'boolean' && typeof reply.content === 'string') return 'llamacpp';
  if (typeof reply.text === 'string' && isJsonObject(reply.meta_info)) return 'sglang';
  return undefined;
}

/** The failure of a response that another API would read. */
export function ofOtherApi(api: string): ResponseFormatError {
  return malformed(`the response is of another API: use --api ${api}`);
}
