import type { RequestOptions, SampleInput } from './adapter.ts';
import { askedCalls, askedChat, contentParts, contentText, imageUrl } from './chat-row.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { nativeRequest } from './native-request.ts';

/**
 * The body of a request to OpenAI's Responses API. A row asks by `messages`, else by `prompt` after an optional `system`. Messages, tools,
 * `tool_choice`, `response_format` and `reasoning_effort` are taken as the chat API writes them and sent as this one wants them; what
 * already has its form stays as it is.
 */
export function responsesRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { messages, used } = askedChat('responses', row);
  const asked = used.includes('prompt') ? askedByPrompt(row) : { input: messages.flatMap(itemsOf) };
  return nativeRequest(
    {
      asked,
      used,
      limitField: 'max_output_tokens',
      namesModel: true,
      tellsStream: true,
      adapted: {
        tools: (tools) => ({ tools: Array.isArray(tools) ? tools.map(flatFunction) : tools }),
        tool_choice: (choice) => ({ tool_choice: flatFunction(choice) }),
        response_format: (format) => ({ text: { format: flatFormat(format) } }),
        reasoning_effort: (effort) => ({ reasoning: { effort } }),
      },
    },
    row,
    options,
  );
}

function askedByPrompt({ prompt, system }: SampleInput): JsonObject {
  const input = typeof prompt === 'string' ? prompt : [{ role: 'user', content: partsOf(prompt, 'user') }];
  return typeof system === 'string' && system !== '' ? { instructions: system, input } : { input };
}

/** The items of one message: itself, its tool calls, or what a tool gave. */
function itemsOf(message: JsonObject): readonly JsonObject[] {
  const { role, content } = message;
  if (role === 'tool') {
    return [{ type: 'function_call_output', call_id: message.tool_call_id, output: contentText(content) }];
  }
  // An item of this API.
  if (typeof role !== 'string') return [message];
  const calls = askedCalls(message).map(({ id, name, text }) => ({
    ...{ type: 'function_call', call_id: id, name, arguments: text },
  }));
  const said = typeof content === 'string' ? content : partsOf(content, role);
  return said.length > 0 || calls.length === 0 ? [{ role, content: said }, ...calls] : calls;
}

function partsOf(content: unknown, role: string): readonly JsonObject[] {
  return contentParts(content).map((part) => {
    const url = imageUrl(part);
    if (url !== undefined) return { type: 'input_image', image_url: url };
    if (part.type !== 'text') return part;
    return { type: role === 'assistant' ? 'output_text' : 'input_text', text: part.text };
  });
}

/** `{type: "function", function: {…}}` without the inner object. */
function flatFunction(tool: unknown): unknown {
  if (!isJsonObject(tool) || !isJsonObject(tool.function)) return tool;
  return { type: 'function', ...tool.function };
}

function flatFormat(format: unknown): unknown {
  if (!isJsonObject(format) || !isJsonObject(format.json_schema)) return format;
  return { type: 'json_schema', ...format.json_schema };
}
