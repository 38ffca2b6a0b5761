import { parseColumnMap } from '../../dataset/column-map.ts';
import type { z } from 'zod';
import { parseSynthetic, SYNTHETIC_ALLOWED } from '../../workload/synthesis/synthetic-spec.ts';
import { SALTS } from '../choices.ts';
import { defaulted, optional, optionalGroup, required, type ValueType } from './setting.ts';
import { anyText, BYTES, checkedText, choice, filePath, ON_OFF, text } from './value-types.ts';

// What is sent: the dataset, or prompts that are generated.

const HUB_ALLOWED = 'the URL of a hub, such as https://huggingface.co';

/** `name=column` with commas between. */
const COLUMN_MAP: ValueType<z.ZodRecord<z.ZodString, z.ZodString>> = {
  title: 'columns',
  parse: parseColumnMap,
  schema: (zod) => zod.record(zod.string(), text('the name of a column').schema(zod), 'names and columns'),
};

/** Stays text: it is what people read in config.yaml, too. */
const SYNTHETIC_PROMPTS: ValueType<z.ZodString> = {
  ...checkedText((given) => typeof parseSynthetic(given) !== 'string', SYNTHETIC_ALLOWED),
  title: 'description',
  parse: (given) => {
    const parsed = parseSynthetic(given);
    return typeof parsed === 'string' ? { allowed: `${SYNTHETIC_ALLOWED}; ${parsed}` } : { value: given };
  },
};

export const DATASET = optional(filePath('the path of a file'), {
  flag: '--dataset',
  argument: '<file>',
  group: 'requests',
  help: 'prompts: .jsonl, .json, .csv, .parquet, or .txt with one per line, also as .gz or .zst, a folder of them, or the name of a dataset in the cache of Hugging Face (docs/datasets.md); or a trace (docs/formats.md)',
});

export const FORMAT = optional(text('the name of a format'), {
  flag: '--format',
  argument: '<name>',
  group: 'requests',
  help: 'how the dataset is written, such as mooncake, instead of finding out from its content (inferometer dataset info --help lists all)',
});

export const MAP = optional(COLUMN_MAP, {
  flag: '--map',
  argument: '<columns>',
  group: 'requests',
  help: 'which columns of the dataset to use for what, e.g. prompt=question,system=instructions; other columns keep their names',
});

export const HUB = optional(
  { ...checkedText((given) => /^https?:\/\//.test(given) && URL.canParse(given), HUB_ALLOWED), title: 'URL' },
  {
    flag: '--hub',
    argument: '<url>',
    group: 'requests',
    help: 'download datasets and tokenizers given by name from this hub if they are not on this machine, e.g. https://huggingface.co',
    defaultNote: ': download nothing',
  },
);

export const DATASET_MEMORY = optional(BYTES, {
  flag: '--dataset-memory',
  argument: '<size>',
  group: 'requests',
  help: 'memory for requests, such as 4GiB; the rest goes to a file next to the run and is read as it is sent',
  defaultNote: ': a quarter of the memory of this machine',
});

export const SYNTHETIC = optional(SYNTHETIC_PROMPTS, {
  flag: '--synthetic',
  argument: '<what>',
  group: 'requests',
  help: 'generated prompts of an exact length instead of --dataset, such as "input=lognormal:1024,0.5 output=256 prefix=2048x16 turns=3"; needs --tokenizer (docs/datasets.md)',
});

export const SALT = optionalGroup({
  position: required(choice(SALTS), {
    flag: '--salt',
    argument: '<where>',
    group: 'requests',
    help: 'add random text to each request, so that its prefix cache does not help the server: prefix (before the prompt), suffix (after it), system (before the system prompt) or mlcommons (around the system prompt, as MLCommons endpoints does it)',
  }),
  per: defaulted(choice(['request', 'conversation']), 'request', {
    flag: '--salt-per',
    argument: '<what>',
    group: 'requests',
    help: 'request: a new salt each time a request is sent; conversation: one salt for each conversation, or each row of the dataset, kept when it is sent again',
    defaultNote: '; conversation with --multi-turn',
  }),
});

export const SKIP_BAD_ROWS = defaulted(ON_OFF, false, {
  flag: '--skip-bad-rows',
  argument: '',
  group: 'requests',
  help: 'leave out and report dataset rows that cannot be used, instead of refusing the file',
});

export const TOKENIZER = optional(
  { ...text('the path of a tokenizer.json'), title: 'path', parse: anyText, completes: 'file' },
  {
    flag: '--tokenizer',
    argument: '<file>',
    group: 'requests',
    help: 'tokenizer.json: counts the tokens of every prompt, and of responses whose usage the server does not report',
  },
);
