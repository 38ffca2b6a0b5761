import type { MockApi } from './mock-apis.ts';
import { multipartFields } from './multipart-fields.ts';
import { type AskedPrompt, isObject, REQUEST_FIELDS } from './request-fields.ts';

/** The part of a request that the mock server heeds. */
export interface CompletionRequest extends AskedPrompt {
  readonly api: MockApi;
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Infinity when the client set none. */
  readonly tokenLimit: number;
}

/** The request in a body, or what is wrong with it. `pathStreams`: what the path says of streaming, where the body does not. */
export function parseCompletionRequest(
  api: MockApi,
  body: Buffer,
  pathStreams = false,
): CompletionRequest | { readonly problem: string } {
  const fields = parseObject(body) ?? multipartFields(body);
  if (fields === undefined) return { problem: 'the body is no JSON object' };
  const known = REQUEST_FIELDS[api];
  const prompt = known.prompt(fields);
  if (prompt === undefined) return { problem: known.wanted };
  const given = known.limit(fields) ?? undefined;
  if (given === undefined && known.isLimitRequired === true)
    return { problem: `${known.limitName}: Field required` };
  const tokenLimit = given ?? Infinity;
  if (typeof tokenLimit !== 'number' || !(tokenLimit >= 1)) {
    return { problem: `${known.limitName} must be a number from 1 up` };
  }
  return {
    api,
    model: typeof fields.model === 'string' ? fields.model : '',
    stream: known.stream === undefined ? pathStreams : known.stream(fields),
    includeUsage: isObject(fields.stream_options) && fields.stream_options.include_usage === true,
    tokenLimit: Math.floor(tokenLimit),
    ...prompt,
  };
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
