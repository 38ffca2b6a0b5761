import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as huggingFace from '@huggingface/tokenizers';
import { openRegularFile, textOf } from '../core/careful-read.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { hubSnapshot } from '../core/hub-cache.ts';
import { FILE_LIMITS } from '../core/file-limits.ts';
import type { RenderChat } from './chat-template.ts';

/** What we use of the package, whose own declarations don't resolve under Node's module rules. */
const { Tokenizer: HuggingFaceTokenizer } = huggingFace as unknown as {
  readonly Tokenizer: new (
    definition: object,
    config: object,
  ) => {
    tokenize(text: string, options?: { readonly add_special_tokens?: boolean }): string[];
    get_vocab(): Map<string, number>;
  };
};

/** A model's own way to cut text into tokens. */
export interface Tokenizer {
  /**
   * Tokens of `text`, not counting the special tokens that frame a sequence. Synchronous and slow: about a microsecond
   * a byte, far more for long text without spaces, so it belongs on a thread of its own.
   */
  countTokens(text: string): number;
  /** The same with the special tokens that frame a sequence, as a completions API counts its prompt. */
  countFramed(text: string): number;
  /** Every entry of the vocabulary, as its file has it: with marks for spaces and bytes. */
  vocabulary(): Iterable<string>;
  /** Messages as the model gets them; undefined for a tokenizer without a chat template. */
  readonly renderChat: RenderChat | undefined;
}

/**
 * Loads a Hugging Face `tokenizer.json` (the file, or the folder that holds it; a `tokenizer_config.json` beside it is
 * heeded), or a model by its name in the local cache of Hugging Face. Throws `INFEROMETER_TOKENIZER_UNREADABLE` or `INFEROMETER_TOKENIZER_INVALID`, both input errors.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const file = await tokenizerFile(path);
  const definition = await readJson(file);
  const configFile = join(dirname(file), 'tokenizer_config.json');
  const config = await readConfig(configFile);
  const renderChat = await chatTemplateOf(config, configFile);
  try {
    const tokenizer = new HuggingFaceTokenizer(definition, config);
    tokenizer.tokenize('probe');
    return {
      countTokens: (text) => tokenizer.tokenize(text).length,
      countFramed: (text) => tokenizer.tokenize(text, { add_special_tokens: true }).length,
      vocabulary: () => tokenizer.get_vocab().keys(),
      renderChat,
    };
  } catch (error) {
    throw invalid(file, error);
  }
}

/** In the configuration, or in a file beside it, as newer models have it. */
async function chatTemplateOf(config: object, configFile: string): Promise<RenderChat | undefined> {
  const { chat_template: inConfig, ...fields } = config as Readonly<Record<string, unknown>>;
  const templateFile = join(dirname(configFile), 'chat_template.jinja');
  const isBeside = await stat(templateFile).then(
    (found) => found.isFile(),
    () => false,
  );
  const source = isBeside ? await readText(templateFile) : defaultTemplate(inConfig);
  if (source === undefined) return undefined;
  const { chatTemplate } = await import('./chat-template.ts');
  return chatTemplate(source, specialTokensOf(fields), isBeside ? templateFile : configFile);
}

/** Some models have several, by name. */
function defaultTemplate(found: unknown): string | undefined {
  if (typeof found === 'string') return found;
  if (!Array.isArray(found)) return undefined;
  const named = found as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const template = named.find((one) => one.name === 'default')?.template;
  return typeof template === 'string' ? template : undefined;
}

/** `bos_token` and the like: a text, or an object that holds it. */
function specialTokensOf(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const tokens: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    const text = typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
    if (name.endsWith('_token') && typeof text === 'string') tokens[name] = text;
  }
  return tokens;
}

/** The tokenizer.json that a path, a folder or the name of a model stands for. Throws `INFEROMETER_TOKENIZER_UNREADABLE` (input). */
export async function tokenizerFile(path: string): Promise<string> {
  const inHub = await hubSnapshot('models', path);
  if (inHub !== undefined) return join(inHub, 'tokenizer.json');
  try {
    return (await stat(path)).isDirectory() ? join(path, 'tokenizer.json') : path;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readConfig(file: string): Promise<object> {
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  return isThere ? readJson(file) : {};
}

async function readJson(file: string): Promise<object> {
  const text = await readText(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) throw new Error('it must be a JSON object');
    return value;
  } catch (error) {
    throw invalid(file, error);
  }
}

/** Vocabularies are often links into a cache of models. */
async function readText(path: string): Promise<string> {
  const file = await openRegularFile(path, true);
  try {
    return await textOf(path, file, FILE_LIMITS.tokenizerBytes);
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_TOKENIZER_UNREADABLE',
    'input',
    `${path}: cannot read the tokenizer (${errorText(cause)}); give a tokenizer.json, the folder that holds one, or the name of a model in the cache of Hugging Face, or on --hub`,
    { cause },
  );
}

function invalid(file: string, cause: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_TOKENIZER_INVALID',
    'input',
    `${file}: not a tokenizer definition (${errorText(cause)})`,
    { cause },
  );
}
