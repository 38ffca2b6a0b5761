import { writeFileSync } from 'node:fs';

/** A tiny llama architecture: enough to be loaded, scheduled and streamed as any model, too small to say anything. */
const SHAPE = { embedding: 64, heads: 4, feedForward: 128, blocks: 2, context: 4096 };
const ALIGNMENT = 32;

const TokenType = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;
const ValueType = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;

interface VocabularyEntry {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

/** SentencePiece-style vocabulary: control tokens, all bytes as fallback, letters, and common words of several languages. */
function vocabulary(): readonly VocabularyEntry[] {
  const words =
    'the of and to in is that it for was on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part über straße naïve café 東京 世界 мир привет'.split(
      ' ',
    );
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?:;-\'"()'];
  const pieces = new Set([
    '▁',
    ...letters,
    ...letters.map((letter) => `▁${letter}`),
    ...words.map((word) => `▁${word}`),
  ]);
  return [
    { text: '<unk>', score: 0, type: TokenType.unknown },
    { text: '<s>', score: 0, type: TokenType.control },
    { text: '</s>', score: 0, type: TokenType.control },
    ...Array.from({ length: 256 }, (_, byte) => ({
      text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
      score: 0,
      type: TokenType.byte,
    })),
    ...[...pieces].map((text, rank) => ({ text, score: -1 - rank, type: TokenType.normal })),
  ];
}

/** Grows a little-endian byte string. */
class Bytes {
  readonly #parts: Buffer[] = [];
  length = 0;

  add(part: Buffer): void {
    this.#parts.push(part);
    this.length += part.length;
  }
  uint32(value: number): void {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.add(part);
  }
  uint64(value: number): void {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    this.add(part);
  }
  float32(value: number): void {
    const part = Buffer.alloc(4);
    part.writeFloatLE(value);
    this.add(part);
  }
  text(value: string): void {
    const part = Buffer.from(value, 'utf8');
    this.uint64(part.length);
    this.add(part);
  }
  pad(): void {
    this.add(Buffer.alloc((ALIGNMENT - (this.length % ALIGNMENT)) % ALIGNMENT));
  }
  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Writes a GGUF (version 3) model with seeded random weights: the same bytes for the same seed. */
export function writeRandomModel(path: string, seed = 42): void {
  const entries = vocabulary();
  const { embedding, heads, feedForward, blocks, context } = SHAPE;
  const metadata: [string, number, (bytes: Bytes) => void][] = [
    ['general.architecture', ValueType.string, (b) => b.text('llama')],
    ['general.name', ValueType.string, (b) => b.text('random')],
    ['general.alignment', ValueType.uint32, (b) => b.uint32(ALIGNMENT)],
    ['general.file_type', ValueType.uint32, (b) => b.uint32(0)],
    ['llama.context_length', ValueType.uint32, (b) => b.uint32(context)],
    ['llama.embedding_length', ValueType.uint32, (b) => b.uint32(embedding)],
    ['llama.block_count', ValueType.uint32, (b) => b.uint32(blocks)],
    ['llama.feed_forward_length', ValueType.uint32, (b) => b.uint32(feedForward)],
    ['llama.attention.head_count', ValueType.uint32, (b) => b.uint32(heads)],
    ['llama.attention.head_count_kv', ValueType.uint32, (b) => b.uint32(heads)],
    ['llama.attention.layer_norm_rms_epsilon', ValueType.float32, (b) => b.float32(1e-5)],
    ['llama.rope.dimension_count', ValueType.uint32, (b) => b.uint32(embedding / heads)],
    ['llama.vocab_size', ValueType.uint32, (b) => b.uint32(entries.length)],
    ['tokenizer.ggml.model', ValueType.string, (b) => b.text('llama')],
    [
      'tokenizer.ggml.tokens',
      ValueType.array,
      (b) => array(b, ValueType.string, entries, (e) => b.text(e.text)),
    ],
    [
      'tokenizer.ggml.scores',
      ValueType.array,
      (b) => array(b, ValueType.float32, entries, (e) => b.float32(e.score)),
    ],
    [
      'tokenizer.ggml.token_type',
      ValueType.array,
      (b) => array(b, ValueType.int32, entries, (e) => b.uint32(e.type)),
    ],
    ['tokenizer.ggml.bos_token_id', ValueType.uint32, (b) => b.uint32(1)],
    ['tokenizer.ggml.eos_token_id', ValueType.uint32, (b) => b.uint32(2)],
    ['tokenizer.ggml.unknown_token_id', ValueType.uint32, (b) => b.uint32(0)],
  ];
  const square = [embedding, embedding];
  const tensors: [string, number[]][] = [
    ['token_embd.weight', [embedding, entries.length]],
    ['output_norm.weight', [embedding]],
    ['output.weight', [embedding, entries.length]],
  ];
  for (let block = 0; block < blocks; block++) {
    const name = (part: string) => `blk.${block}.${part}.weight`;
    tensors.push([name('attn_norm'), [embedding]], [name('ffn_norm'), [embedding]]);
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) tensors.push([name(part), square]);
    tensors.push([name('ffn_gate'), [embedding, feedForward]], [name('ffn_up'), [embedding, feedForward]]);
    tensors.push([name('ffn_down'), [feedForward, embedding]]);
  }

  const file = new Bytes();
  file.add(Buffer.from('GGUF'));
  file.uint32(3);
  file.uint64(tensors.length);
  file.uint64(metadata.length);
  for (const [key, type, write] of metadata) {
    file.text(key);
    file.uint32(type);
    write(file);
  }
  const random = randomFloats(seed);
  const data = new Bytes();
  for (const [name, dimensions] of tensors) {
    file.text(name);
    file.uint32(dimensions.length);
    for (const dimension of dimensions) file.uint64(dimension);
    file.uint32(0);
    file.uint64(data.length);
    const norm = dimensions.length === 1;
    const count = dimensions.reduce((product, dimension) => product * dimension, 1);
    data.add(Buffer.from(Float32Array.from({ length: count }, () => (norm ? 1 : random())).buffer));
    data.pad();
  }
  file.pad();
  file.add(data.whole());
  writeFileSync(path, file.whole());
}

function array<T>(bytes: Bytes, type: number, items: readonly T[], write: (item: T) => void): void {
  bytes.uint32(type);
  bytes.uint64(items.length);
  for (const item of items) write(item);
}

/** Uniform in (−0.5, 0.5), xorshift: any weights do, the same ones each time. */
function randomFloats(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32 - 0.5;
  };
}
