import type { ApiAdapter, RequestOptions, SampleInput } from './adapter.ts';
import { isJsonObject, type JsonObject, malformed, shown } from './json.ts';
import { jsonText } from '../core/json-text.ts';
import { missingInput } from './openai-request.ts';
import { checkCount, countItems, type ItemsRead, itemsReader, itemsRequest, listIn } from './whole-api.ts';

/** What servers call the documents, and a score. */
const DOCUMENT_FIELDS = ['documents', 'texts', 'passages'] as const;
const SCORE_FIELDS = ['relevance_score', 'score', 'logit'] as const;

/** The rerank API of Jina and Cohere, which vLLM and SGLang serve as well; what TEI and NIM respond is read too. */
export const RERANK: ApiAdapter = {
  name: 'rerank',
  path: 'v1/rerank',
  kind: 'scores',
  isWhole: true,
  isChat: false,
  namesModel: true,
  requestBody: rerankRequest,
  choicesOf: askedResults,
  createReader: () => itemsReader((reply, asked) => readScores(reply, asked, ['results', 'rankings'])),
};

/** vLLM's score API: a query and what it is compared with. */
export const SCORE: ApiAdapter = {
  name: 'score',
  path: 'score',
  kind: 'scores',
  isWhole: true,
  isChat: false,
  namesModel: true,
  requestBody: scoreRequest,
  choicesOf: askedPairs,
  createReader: () => itemsReader((reply, asked) => readScores(reply, asked, ['data'])),
};

/** A row asks by `query`, which the dataset calls the prompt, and `documents`. */
function rerankRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt } = row;
  if (typeof prompt !== 'string') throw missingInput('rerank', row, 'a query');
  if (documentsOf(row) === undefined) throw missingInput('rerank', row, 'a list of documents');
  return itemsRequest({ query: prompt }, ['prompt'], row, options);
}

/** Of `top_n` results at most. */
function askedResults(body: JsonObject): number {
  const count = documentsOf(body)?.length ?? 1;
  return typeof body.top_n === 'number' && body.top_n > 0 ? Math.min(body.top_n, count) : count;
}

function scoreRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt, documents, text_2: second = documents } = row;
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) throw missingInput('score', row, 'a query');
  if (typeof second !== 'string' && !Array.isArray(second)) throw missingInput('score', row, 'documents');
  const asked = { text_1: prompt as unknown, text_2: second as unknown };
  return itemsRequest(asked, ['prompt', 'documents', 'text_2'], row, options);
}

/** One text is compared with each of the others; two lists are compared pair by pair. */
function askedPairs({
  text_1: first,
  text_2: second,
  queries = first,
  documents = second,
}: JsonObject): number {
  return Math.max(...[queries, documents].map((texts) => (Array.isArray(texts) ? texts.length : 1)), 1);
}

function documentsOf(fields: JsonObject): readonly unknown[] | undefined {
  const name = DOCUMENT_FIELDS.find((field) => Array.isArray(fields[field]));
  return name === undefined ? undefined : (fields[name] as readonly unknown[]);
}

function readScores(reply: unknown, asked: number, fields: readonly string[]): ItemsRead {
  const list = listIn(reply, fields);
  for (const item of list) {
    if (isJsonObject(item) && SCORE_FIELDS.some((field) => typeof item[field] === 'number')) continue;
    throw malformed(`a result must have a score (got ${shown(jsonText(item))})`);
  }
  const items = countItems(list);
  checkCount(items, asked, 'scores');
  return { items };
}
