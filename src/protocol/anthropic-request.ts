import type { RequestOptions, SampleInput } from './adapter.ts';
import { askedCalls, askedChat, contentParts, contentText, dataUrl, imageUrl } from './chat-row.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { nativeRequest } from './native-request.ts';

/** The API demands a limit; this one is sent when neither row nor run has one. */
export const DEFAULT_LIMIT = 4096;

const SYSTEM_ROLES: readonly unknown[] = ['system', 'developer'];
const TOOL_CHOICES: Readonly<Record<string, string>> = { auto: 'auto', required: 'any', none: 'none' };

/**
 * The body of a request to Anthropic's Messages API. A row asks by `messages`, else by `prompt` after an optional `system`. Messages, tools,
 * `tool_choice` and `stop` are taken as OpenAI's chat API writes them and sent as this one wants them; what already has its form stays as it
 * is.
 */
export function anthropicRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { messages, used } = askedChat('anthropic', row);
  const system = messages
    .filter(({ role }) => SYSTEM_ROLES.includes(role))
    .map(({ content }) => contentText(content))
    .join('\n\n');
  const turns = messages.filter(({ role }) => !SYSTEM_ROLES.includes(role)).map(turnOf);
  // A row may bring the API's own list of system blocks beside its messages.
  const blocks = Array.isArray(row.system) ? { system: row.system as unknown } : {};
  return nativeRequest(
    {
      asked: { ...(system === '' ? blocks : { system }), messages: joinedTurns(turns) },
      used: [...used, 'system'],
      limitField: 'max_tokens',
      defaultLimit: DEFAULT_LIMIT,
      namesModel: true,
      tellsStream: true,
      adapted: {
        tools: (tools) => ({ tools: Array.isArray(tools) ? tools.map(toolOf) : tools }),
        tool_choice: (choice) => ({ tool_choice: choiceOf(choice) }),
        stop: (stop) => ({ stop_sequences: Array.isArray(stop) ? (stop as unknown) : [stop] }),
      },
    },
    row,
    options,
  );
}

/** One message with its content as blocks, or as it is where it is a text. */
function turnOf(message: JsonObject): JsonObject {
  const { role, content } = message;
  if (role === 'tool') {
    const result = { type: 'tool_result', tool_use_id: message.tool_call_id, content: contentText(content) };
    return { role: 'user', content: [result] };
  }
  const calls = askedCalls(message).map(({ id, name, value }) => ({
    type: 'tool_use',
    id,
    name,
    input: value,
  }));
  if (typeof content === 'string' && calls.length === 0) return { role, content };
  return { role, content: [...contentParts(content).map(blockOf), ...calls] };
}

/** The results of several tools go into one message, as the API wants it. */
function joinedTurns(turns: readonly JsonObject[]): readonly JsonObject[] {
  const joined: JsonObject[] = [];
  for (const turn of turns) {
    const last = joined.at(-1);
    if (last !== undefined && isResults(last) && isResults(turn)) {
      joined[joined.length - 1] = {
        role: 'user',
        content: [...(last.content as readonly unknown[]), ...(turn.content as readonly unknown[])],
      };
    } else joined.push(turn);
  }
  return joined;
}

function isResults({ content }: JsonObject): boolean {
  if (!Array.isArray(content) || content.length === 0) return false;
  return (content as readonly unknown[]).every(
    (block) => isJsonObject(block) && block.type === 'tool_result',
  );
}

function blockOf(part: JsonObject): JsonObject {
  const url = imageUrl(part);
  if (url === undefined) return part;
  const data = dataUrl(url);
  const source =
    data === undefined
      ? { type: 'url', url }
      : { type: 'base64', media_type: data.mediaType, data: data.base64 };
  return { type: 'image', source };
}

function toolOf(tool: unknown): unknown {
  if (!isJsonObject(tool) || !isJsonObject(tool.function)) return tool;
  const { name, description, parameters } = tool.function;
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: parameters ?? { type: 'object' },
  };
}

function choiceOf(choice: unknown): unknown {
  if (typeof choice === 'string') return { type: TOOL_CHOICES[choice] ?? choice };
  if (!isJsonObject(choice) || !isJsonObject(choice.function)) return choice;
  return { type: 'tool', name: choice.function.name };
}
