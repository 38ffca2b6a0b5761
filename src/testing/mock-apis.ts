/** The APIs that the mock server speaks, by their names on the command line. The position is the code in the log. */
export const MOCK_APIS = [
  'chat',
  'completions',
  'responses',
  'anthropic',
  'ollama',
  'ollama-generate',
  'tgi',
  'llamacpp',
  'triton',
  'embeddings',
  'rerank',
  'score',
  'kserve',
  'ollama-embed',
  'images',
  'speech',
  'transcription',
] as const;

export type MockApi = (typeof MOCK_APIS)[number];
