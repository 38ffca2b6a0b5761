import { RandomSource } from '../../src/core/random.ts';

/** A tokenizer as its files define it. */
export interface Vocabulary {
  readonly name: string;
  readonly definition: object;
  readonly config: object;
}

const SPLITS = {
  llama3: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  qwen: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  o200k: String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
} as const;

/** Vocabularies of the kinds that models have, trained on made-up words: the real ones are large and have licences of their own. */
export function vocabularies(): readonly Vocabulary[] {
  const words = madeUpWords(2500);
  return [
    {
      name: 'Llama 3',
      ...byteLevel(
        words,
        [split(SPLITS.llama3)],
        ['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
        {
          bos: '<|begin_of_text|>',
          template:
            "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
        },
      ),
    },
    {
      name: 'Qwen 3',
      ...byteLevel(words, [split(SPLITS.qwen)], ['<|im_start|>', '<|im_end|>'], {
        template:
          "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
      }),
    },
    {
      name: 'GPT-OSS',
      ...byteLevel(words, [split(SPLITS.o200k)], ['<|start|>', '<|message|>', '<|end|>', '<|channel|>'], {
        template:
          "<|start|>system<|message|>You are a large language model.\nKnowledge cutoff: 2024-06\n\nReasoning: medium<|end|>{% for m in messages %}<|start|>{{ m['role'] }}<|message|>{{ m['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}",
      }),
    },
    {
      name: 'DeepSeek',
      ...byteLevel(
        words,
        [
          split(String.raw`\p{N}{1,3}`),
          split(String.raw`[一-龥぀-ゟ゠-ヿ]+`),
          split(
            String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_\`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
          ),
        ],
        ['<｜begin▁of▁sentence｜>', '<｜end▁of▁sentence｜>', '<｜User｜>', '<｜Assistant｜>'],
        {
          bos: '<｜begin▁of▁sentence｜>',
          template:
            "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] }}{% elif m['role'] == 'user' %}<｜User｜>{{ m['content'] }}{% else %}<｜Assistant｜>{{ m['content'] }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}{% if add_generation_prompt %}<｜Assistant｜>{% endif %}",
        },
      ),
    },
    { name: 'Gemma 3', ...sentencePiece(words) },
  ];
}

interface Options {
  readonly bos?: string;
  readonly template: string;
}

function split(pattern: string): object {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

function byteLevel(
  words: readonly string[],
  splits: readonly object[],
  special: readonly string[],
  { bos, template }: Options,
): Omit<Vocabulary, 'name'> {
  const units = words.flatMap((word) => [`Ġ${word}`, word]);
  const { tokens, merges } = trained(units, byteAlphabet());
  return definitionOf(
    tokens,
    merges,
    special,
    { bos, template },
    {
      normalizer: null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          ...splits,
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      byteFallback: false,
    },
  );
}

/** Without any split: merges go across words, so that some words don't stay one token beside some others. */
function sentencePiece(words: readonly string[]): Omit<Vocabulary, 'name'> {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const letters = [
    '▁',
    '\n',
    ...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?\'"()<>_|-',
  ];
  const units = words.flatMap((word, index) => [
    `▁${word}`,
    word,
    ...(index % 40 === 0 ? [`${word}▁${words[index + 1] ?? 'end'}`] : []),
  ]);
  const { tokens, merges } = trained(units, [...bytes, ...letters]);
  return definitionOf(
    tokens,
    merges,
    ['<bos>', '<start_of_turn>', '<end_of_turn>'],
    {
      bos: '<bos>',
      template:
        "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ m['role'] }}\n{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
    },
    {
      normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      pre_tokenizer: null,
      decoder: { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      byteFallback: true,
    },
  );
}

interface Parts {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly decoder: object;
  readonly byteFallback: boolean;
}

function definitionOf(
  tokens: readonly string[],
  merges: readonly (readonly [string, string])[],
  special: readonly string[],
  { bos, template }: { readonly bos?: string | undefined; readonly template: string },
  { normalizer, pre_tokenizer, decoder, byteFallback }: Parts,
): Omit<Vocabulary, 'name'> {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const idOf = (token: string) => tokens.length + special.indexOf(token);
  return {
    definition: {
      version: '1.0',
      added_tokens: special.map((content) => ({
        id: idOf(content),
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer,
      pre_tokenizer,
      post_processor:
        bos === undefined
          ? null
          : {
              type: 'TemplateProcessing',
              single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
              pair: [],
              special_tokens: { [bos]: { id: bos, ids: [idOf(bos)], tokens: [bos] } },
            },
      decoder,
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        fuse_unk: false,
        byte_fallback: byteFallback,
        vocab,
        merges: merges.map((pair) => pair.join(' ')),
      },
    },
    config: { ...(bos === undefined ? {} : { bos_token: bos }), chat_template: template },
  };
}

/** Of syllables, each once, the frequent ones first. */
function madeUpWords(count: number): readonly string[] {
  const random = new RandomSource(11);
  const pick = (from: string) => from[random.below(from.length)]!;
  const words = new Set<string>();
  while (words.size < count) {
    let word = '';
    for (let syllables = 1 + random.below(3); syllables > 0; syllables--) {
      word += pick('bcdfghklmnprstvwz') + pick('aeiou') + (random.below(3) === 0 ? pick('lnrst') : '');
    }
    words.add(word);
  }
  return [...words];
}

/**
 * Byte pair encoding: every word becomes a token, pair by pair. A word further on in the list counts for less.
 */
function trained(
  units: readonly string[],
  alphabet: readonly string[],
): { readonly tokens: readonly string[]; readonly merges: readonly (readonly [string, string])[] } {
  const tokens = new Set(alphabet);
  const merges: (readonly [string, string])[] = [];
  const ranks = new Map<string, number>();
  for (const unit of units) {
    // By the merges there are, then by new ones from the left: as a frequent word ends up.
    let parts: string[] = [...unit];
    for (let isMerged = true; isMerged;) {
      isMerged = false;
      let best = -1;
      let bestRank = Infinity;
      for (let index = 0; index + 1 < parts.length; index++) {
        const rank = ranks.get(`${parts[index]!} ${parts[index + 1]!}`) ?? Infinity;
        if (rank < bestRank) [best, bestRank] = [index, rank];
      }
      if (best >= 0) {
        parts = [...parts.slice(0, best), parts[best]! + parts[best + 1]!, ...parts.slice(best + 2)];
        isMerged = true;
      }
    }
    while (parts.length > 1) {
      const [left, right, ...rest] = parts as [string, string, ...string[]];
      ranks.set(`${left} ${right}`, merges.length);
      merges.push([left, right]);
      tokens.add(left + right);
      parts = [left + right, ...rest];
    }
  }
  return { tokens: [...tokens], merges };
}

/** The letters that GPT-2 gave to the bytes. */
function byteAlphabet(): readonly string[] {
  const plain = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(plain(byte) ? byte : next++));
}
