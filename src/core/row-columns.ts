/** How the text of a CSV cell becomes a value; `list` is text or a JSON list. */
export type CellKind = 'text' | 'number' | 'boolean' | 'list' | 'json';

/** What a column of a dataset row is for. */
export type ColumnRole =
  | 'prompt'
  | 'system'
  | 'messages'
  | 'conversation'
  | 'image'
  | 'tokens'
  | 'body'
  | 'extra'
  | 'sampling'
  | 'model'
  | 'limit'
  | 'stream'
  | 'field'
  | 'unsent';

/** Columns that are treated alike. */
export interface ColumnGroup {
  readonly role: ColumnRole;
  /** Where several stand for the same thing, the first one with a value counts. */
  readonly names: readonly string[];
  readonly kind: CellKind;
  /** What becomes of them, as the documentation says it. */
  readonly help: string;
}

/**
 * Every column name of a dataset that the program interprets. All other columns are fields of the request and are sent as they are.
 * The list in docs/datasets.md is checked against this table.
 */
export const COLUMN_GROUPS = [
  {
    role: 'prompt',
    names: ['prompt', 'user_prompt', 'question', 'input', 'input_text', 'problem', 'query'],
    kind: 'text',
    help: 'the user message; the first of these columns that is not blank',
  },
  {
    role: 'system',
    names: ['system', 'system_prompt'],
    kind: 'text',
    help: 'the system message before the prompt, for APIs that have one',
  },
  {
    role: 'messages',
    names: ['messages'],
    kind: 'json',
    help: 'the whole conversation to send, instead of a prompt: a list, or a list as JSON text',
  },
  {
    role: 'conversation',
    names: ['conversations', 'conversation'],
    kind: 'json',
    help: 'a ShareGPT conversation: the first human turn is sent, after the system turn before it',
  },
  {
    role: 'image',
    names: ['images', 'image'],
    kind: 'list',
    help: 'images behind the prompt, for APIs with messages: a URL, a data URL, base64 or a file beside the dataset, or a list of them',
  },
  {
    role: 'tokens',
    names: ['input_tokens', 'token_ids'],
    kind: 'json',
    help: 'the prompt as token ids (`--api completions`, `sglang` and `llamacpp`)',
  },
  {
    role: 'body',
    names: ['body'],
    kind: 'json',
    help: 'the request of a line of an OpenAI batch file; its fields are the columns of the row',
  },
  {
    role: 'extra',
    names: ['extra_body'],
    kind: 'json',
    help: 'fields merged into the body, whatever their names; they replace columns of the same name',
  },
  {
    role: 'sampling',
    names: ['sampling_parameters'],
    kind: 'json',
    help: 'merged into `sampling_params` (`--api sglang`)',
  },
  { role: 'model', names: ['model'], kind: 'text', help: 'replaces `--model` for this row' },
  {
    role: 'limit',
    names: ['max_tokens', 'max_completion_tokens', 'max_new_tokens'],
    kind: 'number',
    help: 'replaces `--max-output-tokens` for this row',
  },
  { role: 'stream', names: ['stream'], kind: 'boolean', help: 'not used: `--streaming` decides' },
  {
    role: 'field',
    names: [
      ...['temperature', 'top_p', 'top_k', 'min_p', 'n', 'best_of', 'seed', 'top_logprobs', 'priority'],
      ...['frequency_penalty', 'presence_penalty', 'repetition_penalty', 'length_penalty', 'min_tokens'],
    ],
    kind: 'number',
    help: 'sent; a CSV cell must be a number',
  },
  {
    role: 'field',
    names: [
      ...['echo', 'store', 'ignore_eos', 'parallel_tool_calls', 'skip_special_tokens', 'use_beam_search'],
      ...['include_stop_str_in_output', 'add_generation_prompt', 'continue_final_message', 'return_logprob'],
    ],
    kind: 'boolean',
    help: 'sent; a CSV cell must be true or false',
  },
  {
    role: 'field',
    names: [
      ...['suffix', 'user', 'reasoning_effort', 'verbosity', 'service_tier', 'chat_template'],
      ...['guided_regex', 'guided_grammar', 'regex', 'ebnf', 'lora_path', 'cache_salt', 'prompt_cache_key'],
    ],
    kind: 'text',
    help: 'sent; a CSV cell stays text, whatever it holds',
  },
  {
    role: 'field',
    names: ['stop', 'guided_choice'],
    kind: 'list',
    help: 'sent; a CSV cell is text or a JSON list',
  },
  {
    role: 'field',
    names: [
      ...['tools', 'tool_choice', 'response_format', 'logit_bias', 'logprobs', 'stream_options'],
      ...['stop_token_ids', 'chat_template_kwargs', 'metadata'],
    ],
    kind: 'json',
    help: 'sent; a CSV cell holds JSON',
  },
  {
    role: 'unsent',
    names: [
      // The index column that pandas writes has no name.
      ...['', 'Unnamed: 0', '__index_level_0__', 'index', 'idx', '_id', 'id', 'uid', 'uuid', 'custom_id'],
      ...['row_id', 'sample_id', 'example_id', 'question_id', 'prompt_id', 'task_id', 'item_id'],
      ...['conversation_id', 'session_id', 'method', 'url', 'split', 'source', 'dataset', 'category'],
      ...['subject', 'topic', 'difficulty', 'level', 'answer', 'answers', 'correct_answer', 'best_answer'],
      ...['expected', 'expected_answer', 'expected_output', 'expected_response', 'ground_truth', 'gold'],
      ...[
        'label',
        'labels',
        'target',
        'reference',
        'references',
        'reference_answer',
        'solution',
        'rationale',
      ],
      ...['explanation', 'output', 'outputs', 'completion', 'response', 'timestamp', 'prompt_tokens'],
      ...['prompt_len', 'input_length', 'output_tokens', 'output_len', 'output_length'],
    ],
    kind: 'text',
    help: 'bookkeeping, not sent: put a field into `extra_body` to send it under such a name',
  },
] as const satisfies readonly ColumnGroup[];

const GROUP_OF: ReadonlyMap<string, ColumnGroup> = new Map(
  COLUMN_GROUPS.flatMap((group) => group.names.map((name) => [name, group] as const)),
);

/** The group of a column, or undefined for one that is only passed on. */
export function columnGroup(name: string): ColumnGroup | undefined {
  return GROUP_OF.get(name);
}

/** The names with a role, best first. */
export function columnsOf(role: ColumnRole): readonly string[] {
  return COLUMN_GROUPS.filter((group) => group.role === role).flatMap(({ names }) => names);
}
