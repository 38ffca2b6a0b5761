import type { ApiAdapter } from './adapter.ts';
import { countedChoices } from './choice-count.ts';
import { isJsonObject, type JsonObject, malformed } from './json.ts';
import { chatRequest } from './openai-chat-request.ts';
import { type MessageParts, readMessage } from './openai-message.ts';
import { openAiReader } from './openai-reader.ts';

/** OpenAI chat completions. */
export const OPENAI_CHAT: ApiAdapter = {
  name: 'chat',
  path: 'v1/chat/completions',
  isChat: true,
  history: { field: 'messages', isVerbatim: true },
  namesModel: true,
  requestBody: chatRequest,
  choicesOf: ({ n }) => countedChoices(n),
  createReader: () => openAiReader(readDelta, readWholeMessage),
};

/** A frame's choice may have no delta, as when a filter reports on its own. */
function readDelta(choice: JsonObject): MessageParts {
  const delta = choice.delta ?? choice.message ?? {};
  if (!isJsonObject(delta)) throw malformed('delta must be an object');
  return readMessage(delta);
}

function readWholeMessage({ message }: JsonObject): MessageParts {
  if (!isJsonObject(message)) throw malformed('the response has no message');
  return readMessage(message);
}
