import type { AnswerReader } from '../../src/protocol/adapter.ts';
import type { ApiTemplate } from '../../src/protocol/api-template.ts';
import { ADAPTERS, adapterOf, type ApiName } from '../../src/protocol/adapters.ts';
import { framesOf } from '../../src/testing/frames-of.ts';
import { MOCK_APIS, type MockApi } from '../../src/testing/mock-apis.ts';
import { streamMessages } from '../system/canned-answers.ts';

/** A stream of an API as a server sends it, a message at a time, and what reads it. */
export interface ApiStream {
  readonly api: string;
  readonly messages: readonly Buffer[];
  readonly createReader: () => AnswerReader;
}

/** OpenAI's chat API, as somebody would describe it. */
const TEMPLATE: ApiTemplate = {
  ...{ name: 'template:chat.yaml', method: 'POST', path: '/x', headers: {}, body: {}, framing: 'sse' },
  response: {
    ...{ text: ['/choices/0/delta/content'], reasoning: [], finishReason: ['/choices/0/finish_reason'] },
    promptTokens: ['/usage/prompt_tokens'],
    completionTokens: ['/usage/completion_tokens'],
    ...{ cachedTokens: [], error: [], terminator: { text: '[DONE]' } },
  },
};

/** Of each API but `chat`, and of a template: streams with so many chunks. */
export function apiStreams(chunks: number): readonly ApiStream[] {
  const apis = (Object.keys(ADAPTERS) as ApiName[]).filter(
    (api) => api !== 'chat' && adapterOf(api).isWhole !== true,
  );
  return [
    ...apis.map((api) => streamOf(api, textsOf(api, chunks), () => ADAPTERS[api].createReader())),
    streamOf('template', streamMessages(chunks), () => adapterOf(TEMPLATE).createReader()),
  ];
}

function streamOf(api: string, texts: readonly string[], createReader: () => AnswerReader): ApiStream {
  return { api, messages: texts.map((text) => Buffer.from(text, 'latin1')), createReader };
}

/** As the mock server sends it; SGLang's, which that does not speak, with only what is new in each message. */
function textsOf(api: ApiName, chunks: number): readonly string[] {
  if (!isMocked(api)) return sglangMessages(chunks);
  const request = {
    ...{ api, model: 'mock', stream: true, includeUsage: true, tokenLimit: chunks },
    ...{ promptTokens: 9, promptNumber: null, isEventSound: api === 'speech' },
  };
  const frames = framesOf(request, 0, 1_700_000_000);
  return [
    ...frames.begin(),
    ...Array.from({ length: chunks }, (_, position) => frames.token(position)),
    ...frames.end(chunks, 'length'),
  ];
}

function isMocked(api: ApiName): api is ApiName & MockApi {
  return MOCK_APIS.some((name) => name === api);
}

function sglangMessages(chunks: number): readonly string[] {
  const message = (position: number, reason: object | null) => {
    const counts = { prompt_tokens: 9, completion_tokens: position + 1, cached_tokens: 0 };
    const meta = { id: '7f3a9c', finish_reason: reason, ...counts };
    return `data: ${JSON.stringify({ text: ' hello', output_ids: [position], meta_info: meta })}\n\n`;
  };
  const last = { type: 'length', length: chunks };
  return [
    ...Array.from({ length: chunks }, (_, position) =>
      message(position, position + 1 < chunks ? null : last),
    ),
    'data: [DONE]\n\n',
  ];
}
