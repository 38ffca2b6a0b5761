import { jsonText } from '../core/json-text.ts';
import type { TextModelOutput } from '../core/model-output.ts';
import { type FinalOutput, type ReportedTokens, ResponseFormatError, type TextSlice } from './adapter.ts';
import { decimal } from './ascii.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject, shown } from './json.ts';
import { textOfLiteral } from './json-literal.ts';
import { LearnedJson, NO_VARIABLE } from './learned-json.ts';
import { type Choice, choicesOf, type PartsReader } from './openai-choice.ts';
import { ofOtherApi, otherApiOf } from './other-api.ts';
import { isEmptyOutput, wholeOutput } from './whole-output.ts';
import {
  laterTokens,
  refuseError,
  refuseReason,
  saysTokens,
  tokensOfReply,
  UNKNOWN_TOKENS,
} from './openai-reply.ts';

/** The counts of {@link ReportedTokens}, in the order of {@link LearnedResponse.tokens}. */
const TOKEN_FIELDS = [
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'reasoningTokens',
  'acceptedPredictionTokens',
  'totalTokens',
] as const satisfies readonly (keyof ReportedTokens)[];

/** Keys whose values change from response to response: those of {@link LearnedResponse}, and some that nobody reads. */
const VARIABLE_KEYS = [
  ...['content', 'reasoning_content', 'reasoning', 'text', 'prompt_tokens', 'completion_tokens'],
  ...['cached_tokens', 'reasoning_tokens', 'accepted_prediction_tokens', 'total_tokens'],
  ...['id', 'created', 'system_fingerprint'],
] as const;

/** What a learned body says, and which of its variables say the rest; {@link NO_VARIABLE} for what it lacks. */
interface LearnedResponse {
  readonly finishReason: string | null;
  readonly output: number;
  readonly reasoning: number;
  readonly tokens: readonly number[];
}

/**
 * Reads OpenAI bodies.
 *
 * Refuses a body that is no JSON object, reports an error, or has fewer choices than requested. A body that differs from one before in
 * nothing but texts, counts and ids is not parsed ({@link LearnedJson}): about 0.4 µs against 1.7 µs.
 */
export class OpenAiBodyReader {
  readonly #readParts: PartsReader;
  readonly #learned = new LearnedJson(VARIABLE_KEYS);
  /** Of the learned response read last: a number in an object costs an allocation, so there is one object for all. */
  readonly #learnedTokens: { -readonly [Field in keyof ReportedTokens]: number } = { ...UNKNOWN_TOKENS };
  #response: LearnedResponse | undefined;

  constructor(readParts: PartsReader) {
    this.#readParts = readParts;
  }

  /** @hot */
  read(buffer: Uint8Array, start: number, end: number, choices: number): FinalOutput {
    if (choices === 1 && this.#learned.matches(buffer, start, end)) {
      return this.#readLearned(buffer, this.#response!);
    }
    const found = this.#readReply(parseJsonObject(buffer, start, end));
    if (found.choices.length < choices) {
      throw new ResponseFormatError(
        'malformed_response',
        `the response has ${found.choices.length} of the ${choices} choices requested`,
      );
    }
    const final = finalOutput(found);
    if (isLearnable(found, final) && this.#learned.wantsToLearn()) this.#learn(buffer, start, end, final);
    return final;
  }

  #readLearned(buffer: Uint8Array, response: LearnedResponse): FinalOutput {
    const { output, reasoning, finishReason } = response;
    const tokens = this.#tokens(buffer, response.tokens);
    if (reasoning === NO_VARIABLE && output !== NO_VARIABLE && this.#learned.isPlain(buffer, output)) {
      const start = this.#learned.startOf(output);
      const end = this.#learned.endOf(output);
      return new PlainResponse({ buffer, start, end }, finishReason, tokens);
    }
    const texts = {
      output: this.#text(buffer, output) ?? '',
      reasoning: this.#text(buffer, reasoning),
      toolCalls: null,
    };
    return { output: texts, finishReason, tokens, firstChunkTokens: NaN, isEmpty: isEmptyOutput(texts) };
  }

  #text(buffer: Uint8Array, variable: number): string | null {
    if (variable === NO_VARIABLE) return null;
    return textOfLiteral(buffer, this.#learned.startOf(variable), this.#learned.endOf(variable));
  }

  #tokens(buffer: Uint8Array, variables: readonly number[]): ReportedTokens {
    const tokens = this.#learnedTokens;
    tokens.promptTokens = this.#count(buffer, variables[0]!);
    tokens.completionTokens = this.#count(buffer, variables[1]!);
    tokens.cachedTokens = this.#count(buffer, variables[2]!);
    tokens.reasoningTokens = this.#count(buffer, variables[3]!);
    tokens.acceptedPredictionTokens = this.#count(buffer, variables[4]!);
    tokens.totalTokens = this.#count(buffer, variables[5]!);
    return saysTokens(tokens) ? tokens : UNKNOWN_TOKENS;
  }

  #count(buffer: Uint8Array, variable: number): number {
    if (variable === NO_VARIABLE) return NaN;
    return decimal(buffer, this.#learned.startOf(variable), this.#learned.endOf(variable));
  }

  #readReply(reply: JsonObject): Reply {
    refuseError(reply);
    const choices = choicesOf(reply, this.#readParts);
    if (choices.length === 0) {
      refuseReason(reply);
      const other = otherApiOf(reply);
      if (other !== undefined) throw ofOtherApi(other);
      throw malformed(`the response has no choices (got ${shown(jsonText(reply))})`);
    }
    const reports = [tokensOfReply(reply), ...choices.map((choice) => choice.tokens)];
    const found = reports.filter((report) => report !== undefined);
    const tokens = found.reduce((known, report) => laterTokens(known, report), UNKNOWN_TOKENS);
    return { choices, tokens, hasOneReport: found.length <= 1 };
  }

  /** Learns a body of one choice, all of whose response must be variables, absent, or the finish reason. */
  #learn(buffer: Uint8Array, start: number, end: number, final: FinalOutput): void {
    const learned = this.#learned;
    const probed = this.#readProbed(learned.learn(buffer, start, end));
    const response: LearnedResponse = {
      finishReason: final.finishReason,
      output: learned.variableOf(probed?.output.output, final.output.output),
      reasoning: learned.variableOf(probed?.output.reasoning, final.output.reasoning),
      tokens: TOKEN_FIELDS.map((field) => learned.variableOf(probed?.tokens[field], final.tokens[field])),
    };
    const isWhole =
      probed !== undefined &&
      (response.output !== NO_VARIABLE || final.output.output === '') &&
      (response.reasoning !== NO_VARIABLE || final.output.reasoning === null) &&
      TOKEN_FIELDS.every(
        (field, position) => response.tokens[position] !== NO_VARIABLE || Number.isNaN(final.tokens[field]),
      );
    if (isWhole) this.#response = response;
    else learned.forget();
  }

  #readProbed(probed: unknown): FinalOutput | undefined {
    return isJsonObject(probed) ? finalOutput(this.#readReply(probed)) : undefined;
  }
}

interface Reply {
  readonly choices: readonly Choice[];
  readonly tokens: ReportedTokens;
  /** Usage stands in one place at most. */
  readonly hasOneReport: boolean;
}

function finalOutput({ choices, tokens }: Reply): FinalOutput {
  const finishReason = choices.find((choice) => choice.finishReason !== null)?.finishReason ?? null;
  return wholeOutput(
    choices.map(({ parts }) => parts),
    finishReason,
    tokens,
  );
}

/** One choice with a text or reasoning alone; a learned body has no place for the rest. */
function isLearnable({ choices, hasOneReport }: Reply, { output }: FinalOutput): boolean {
  const isRefusal = choices.some(({ parts }) => parts.refusal !== '');
  return choices.length === 1 && hasOneReport && output.toolCalls === null && !isRefusal;
}

/** A response whose text is copied from where it was read, and made a string only for those who ask. */
class PlainResponse implements FinalOutput {
  readonly text: TextSlice;
  readonly finishReason: string | null;
  readonly tokens: ReportedTokens;
  readonly firstChunkTokens = NaN;
  /** Its text is a variable, and those are not empty. */
  readonly isEmpty = false;

  constructor(text: TextSlice, finishReason: string | null, tokens: ReportedTokens) {
    this.text = text;
    this.finishReason = finishReason;
    this.tokens = tokens;
  }

  get output(): TextModelOutput {
    const { buffer, start, end } = this.text;
    return { output: textOfLiteral(buffer, start, end), reasoning: null, toolCalls: null };
  }
}
