import { normalLengths, urlOf } from './common-flags.ts';
import { missing, same, secondsText, type Tool, valued } from './tool.ts';

const APIS: Readonly<Record<string, readonly [api: string, path: string]>> = {
  openai: ['openai-chat', '/v1/chat/completions'],
  litellm: ['openai-chat', '/v1/chat/completions'],
  anthropic: ['anthropic', '/v1/messages'],
};
const SERVER = 'OPENAI_API_BASE';

export const LLMPERF: Tool = {
  name: 'llmperf',
  title: 'llmperf token_benchmark_ray.py',
  program: /(^|\/)token_benchmark_ray\.py$/,
  flags: [
    valued(SERVER, '--endpoint', { unit: 'environment variable: URL with /v1' }),
    same('--model', '--model', { unit: 'name' }),
    valued('--llm-api', '--api', { default: 'openai' }),
    valued('--mean-input-tokens', '--synthetic input=normal:…', { unit: 'tokens', default: '550' }),
    valued('--stddev-input-tokens', '--synthetic input=normal:…', { unit: 'tokens', default: '150' }),
    valued('--mean-output-tokens', '--synthetic output=normal:…', { unit: 'tokens', default: '150' }),
    valued('--stddev-output-tokens', '--synthetic output=normal:…', { unit: 'tokens', default: '80' }),
    same('--num-concurrent-requests', '--concurrency', { unit: 'requests', default: '10' }),
    same('--max-num-completed-requests', '--samples', { unit: 'requests', default: '10' }),
    same('--timeout', '--duration', { unit: 's', default: '90', value: secondsText }),
    same('--additional-sampling-params', '--extra', { unit: 'JSON', default: '{}' }),
    missing('--metadata', 'A run folder has no labels; name the folder with --out.', {
      unit: 'name=value,…',
    }),
    same('--results-dir', '--out', { unit: 'directory' }),
  ],
  meaningOf: (given) => {
    const name = given.text('--llm-api')!;
    const [api, path] = APIS[name] ?? [];
    if (api === undefined) throw given.error('--llm-api', `one of ${Object.keys(APIS).join(', ')}`, name);
    const body = given.json('--additional-sampling-params');
    const limit = body?.max_tokens;
    const labels = given.text('--metadata');
    const dir = given.text('--results-dir');
    return {
      endpoint: {
        url: urlOf(given.environment[SERVER] ?? 'http://HOST:PORT/v1').replace(/\/v1$/, ''),
        path: path!,
      },
      api,
      model: given.text('--model') ?? null,
      streaming: true,
      load: { kind: 'concurrency', concurrency: given.count('--num-concurrent-requests') },
      stop: {
        requests: given.count('--max-num-completed-requests'),
        seconds: given.count('--timeout'),
        whichever: 'first',
      },
      dataset: {
        kind: 'sonnet',
        input: normalLengths(given.count('--mean-input-tokens'), given.number('--stddev-input-tokens')),
        output:
          typeof limit === 'number'
            ? { tokens: limit }
            : normalLengths(given.count('--mean-output-tokens'), given.number('--stddev-output-tokens')),
      },
      body,
      limit_field: 'max_tokens',
      output:
        dir === undefined && labels === undefined
          ? undefined
          : {
              ...(dir === undefined ? {} : { dir }),
              ...(labels === undefined ? {} : { labels: labelsOf(labels) }),
            },
      notes:
        given.environment[SERVER] === undefined
          ? [`The command does not say where the server is, which ${SERVER} does: put its URL for HOST:PORT.`]
          : [],
    };
  },
};

function labelsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}
