import type { ErrorData } from '../../core/model-output.ts';
import { skipPreamble } from '../../engine/body-kind.ts';
import { httpStatusFailure, unreadableResponse } from '../../engine/failure.ts';
import type { PlainReply } from '../../engine/plain-transport.ts';
import { type ApiAdapter, ResponseFormatError, type FinalOutput } from '../../protocol/adapter.ts';
import type { FrameSink } from '../../protocol/framing.ts';
import { isJsonObject, type JsonObject, jsonObjectIn } from '../../protocol/json.ts';
import { toldFailure } from '../../protocol/openai-reply.ts';

/** What one small response says, read as a run would read it. */
export interface SampleReading {
  readonly final: FinalOutput;
  readonly isStreamed: boolean;
  /** The model that the response names. */
  readonly model: string | undefined;
}

/** Reads the response to a request for so many choices, or items; the failure when a run would count it as one. */
export function readSample(
  adapter: ApiAdapter,
  reply: PlainReply,
  streaming: boolean,
  asked = 1,
): SampleReading | { readonly failure: ErrorData } {
  const { status, body, headers } = reply;
  if (status < 200 || status > 299) {
    const location = headers.get('location');
    return { failure: httpStatusFailure(status, body, { location }) };
  }
  try {
    return readSuccess(adapter, reply, streaming, asked);
  } catch (error) {
    if (error instanceof ResponseFormatError) return { failure: unreadableResponse(error) };
    throw error;
  }
}

function readSuccess(
  adapter: ApiAdapter,
  { body, headers, isCut }: PlainReply,
  streaming: boolean,
  asked: number,
): SampleReading {
  const reader = adapter.createReader();
  const start = reader.framing.isBinary === true ? 0 : skipPreamble(body, 0, body.length);
  const saysStream = /^text\/event-stream/i.test(headers.get('content-type') ?? '');
  if (!reader.framing.isStream(body, start, body.length, saysStream, streaming)) {
    const final = reader.readBody(body, start, body.length, asked);
    return { final, isStreamed: false, model: modelOf(jsonObjectIn(body, start, body.length)) };
  }
  const answer = reader.createAccumulator();
  answer.reset(asked);
  const found: { model: string | undefined; failure: unknown } = { model: undefined, failure: undefined };
  const keepFailure = (read: () => void) => {
    if (found.failure !== undefined || answer.isDone) return;
    try {
      read();
    } catch (error) {
      found.failure = error;
    }
  };
  const sink: FrameSink = {
    onMessage: (buffer, from, to, isNamed) =>
      keepFailure(() => {
        found.model ??= modelOf(jsonObjectIn(buffer, from, to));
        answer.onMessage(buffer, from, to, isNamed);
      }),
    onFailure: (buffer, from, to) => keepFailure(() => raise(toldFailure(buffer, from, to))),
    onLooseData: (buffer, from, to) => keepFailure(() => answer.onLooseData(buffer, from, to)),
  };
  const parser = reader.framing.createParser(sink);
  parser.feed(body, start, body.length);
  if (!isCut) parser.finish();
  if (found.failure !== undefined) throw found.failure as Error;
  const incompleteness = isCut ? undefined : answer.incompleteness();
  if (incompleteness !== undefined) throw incompleteness;
  return { final: answer.answer(), isStreamed: true, model: found.model };
}

/** In a frame or body, or in what its first event wraps. */
function modelOf(found: JsonObject | undefined): string | undefined {
  if (found === undefined) return undefined;
  const { model, response, message } = found;
  if (typeof model === 'string' && model !== '') return model;
  const inner = [response, message].find(isJsonObject);
  return inner === undefined ? undefined : modelOf({ model: inner.model });
}

function raise(error: Error): never {
  throw error;
}
