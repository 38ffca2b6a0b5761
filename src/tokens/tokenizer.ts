import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as huggingFace from '@huggingface/tokenizers';
import { openRegularFile, textOf } from '../core/careful-read.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { FILE_LIMITS } from '../core/file-limits.ts';

/** What we use of the package, whose own declarations don't resolve under Node's module rules. */
const { Tokenizer: HuggingFaceTokenizer } = huggingFace as unknown as {
  readonly Tokenizer: new (definition: object, config: object) => { tokenize(text: string): string[] };
};

/** A model's own way to cut text into tokens. */
export interface Tokenizer {
  /**
   * Tokens of `text`, not counting the special tokens that frame a sequence. Synchronous and slow: about a microsecond
   * a byte, far more for long text without spaces, so it belongs on a thread of its own.
   */
  countTokens(text: string): number;
}

/**
 * Loads a Hugging Face `tokenizer.json` (the file, or the folder that holds it; a `tokenizer_config.json` beside it is
 * heeded). Throws `INFEROMETER_TOKENIZER_UNREADABLE` or `INFEROMETER_TOKENIZER_INVALID`, both input errors.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const file = await tokenizerFile(path);
  const definition = await readJson(file);
  const config = await readConfig(join(dirname(file), 'tokenizer_config.json'));
  try {
    const tokenizer = new HuggingFaceTokenizer(definition, config);
    tokenizer.tokenize('probe');
    return { countTokens: (text) => tokenizer.tokenize(text).length };
  } catch (error) {
    throw invalid(file, error);
  }
}

async function tokenizerFile(path: string): Promise<string> {
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
    if (typeof value !== 'object' || value === null) throw new Error('wanted a JSON object');
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
    `${path}: cannot read the tokenizer (${errorText(cause)}); give a tokenizer.json or the folder that holds one`,
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
