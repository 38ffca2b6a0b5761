import {
  type AnswerFrames,
  answerText,
  asciiJson,
  ENGINE_FAILURE,
  sseMessage,
  tokenText,
} from './answer-frames.ts';

const MODEL = { model_name: 'mock', model_version: '1' };

/** Answers as Triton's generate API sends them: text alone, and nothing that ends it. */
export class TritonFrames implements AnswerFrames {
  readonly contentType = 'text/event-stream';
  readonly errorBody = errorBody;

  begin(): readonly string[] {
    return [];
  }

  token(position: number): string {
    return sseMessage({ ...MODEL, text_output: tokenText(position) });
  }

  end(): readonly string[] {
    return [];
  }

  garbage(): readonly string[] {
    return ['data: {"model_name":"mock","tex\n\n'];
  }

  error(): readonly string[] {
    return [`data: ${errorBody(ENGINE_FAILURE)}\n\n`];
  }

  empty(): readonly string[] {
    return [];
  }

  body(tokens: number): string {
    return asciiJson({ ...MODEL, text_output: answerText(tokens) });
  }
}

function errorBody(message: string): string {
  return asciiJson({ error: message });
}
