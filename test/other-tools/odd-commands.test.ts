import { describe, expect, it } from 'vitest';
import { translate } from '../../src/other-tools/translate.ts';

const from = (tool: string, line: string, file = '') =>
  translate(
    tool,
    line.split(' ').filter((word) => word !== ''),
    { readFile: () => file },
  );
const words = (tool: string, line: string, file?: string) =>
  from(tool, line, file).commands[0]!.words.join(' ');

describe('command lines that are not as usual', () => {
  it.each([
    ['curl', 'x', /from must be followed by one of aiperf, .*llmperf \(got "curl"\)/],
    ['vllm', '--num-prompts', /--num-prompts needs a value/],
    ['vllm', '--num-prompts many', /--num-prompts must be a number \(got "many"\)/],
    ['vllm', '--backend tensorrt', /--backend must be one of openai, vllm, .*\(got "tensorrt"\)/],
    ['vllm', '--extra-body {x', /--extra-body must be a JSON object \(got "\{x"\)/],
    ['vllm', '--header Name', /--header must be NAME=VALUE \(got "Name"\)/],
    ['vllm', '--ramp-up-strategy linear', /needs --ramp-up-start-rps and --ramp-up-end-rps/],
    ['sglang', '--backend gserver', /--backend must be one of sglang, /],
    ['aiperf', '-m m --concurrency 1,x', /--concurrency must be a number above 0 \(got "x"\)/],
    ['aiperf', '-m m --seq-dist 1:2', /--seq-dist must be ISL,OSL:percent/],
    ['guidellm', '--target http://h:1', /--data is missing/],
    ['guidellm', '--profile kind=goodput --backend kind=openai_http', /--profile goodput: searching/],
    ['guidellm', '--profile kind=constant,x', /--profile must be kind=…,key=value/],
    ['inference-perf', '', /--config_file is missing/],
    ['llmperf', '--llm-api vertexai', /--llm-api must be one of openai, litellm, anthropic/],
  ])('%s %s', (tool, line, message) => expect(() => from(tool, line)).toThrow(message));

  it('are read without their program, with = and with underscores', () => {
    const line = '--model m --num_prompts=7 --max-concurrency=3';
    expect(words('vllm', line)).toBe(words('vllm', `vllm bench serve ${line}`));
    expect(words('vllm', line)).toContain('--concurrency 3 --samples 7');
    expect(words('sglang', 'python3 -m sglang.bench_serving --model m')).toBe(words('sglang', '--model m'));
    expect(words('aiperf', 'aiperf profile -m m')).toBe(words('aiperf', '-m m'));
  });

  it('name what is not known', () => {
    const { notes } = from('vllm', '--model m --new-flag 5 --other extra --num-prompts 3');
    expect(notes).toContain('--new-flag is not a flag of vllm that is known here; it is left out.');
    expect(notes).toContain('--other is not a flag of vllm that is known here; it is left out.');
    const yaml = 'server: {model_name: m, new: 1}\nload: {stages: [{rate: 1, duration: 1}]}';
    expect(from('inference-perf', '-c x', yaml).notes).toContain(
      'server.new is not a setting of inference-perf that is known here; it is left out.',
    );
  });

  it('never print a key', () => {
    const all = [
      from('aiperf', '-m m --api-key sk-secret'),
      from('aiperf', '-m m --header Authorization:sk-secret'),
      from(
        'guidellm',
        '--backend kind=openai_http,api_key=sk-secret --data kind=synthetic_text,prompt_tokens=1',
      ),
      from(
        'inference-perf',
        '-c x',
        'server: {api_key: sk-secret}\nload: {stages: [{rate: 1, duration: 1}]}',
      ),
    ];
    for (const { commands, notes } of all) {
      expect(JSON.stringify([commands, notes])).not.toContain('sk-secret');
      expect(notes.join(' ')).toContain('secrets are not printed');
    }
  });

  it('ramp as many requests as they send', () => {
    const line =
      '--model m --ramp-up-strategy exponential --ramp-up-start-rps 2 --ramp-up-end-rps 32 --num-prompts 800';
    const [, stages] = /--stages (rate 2 for 1ms, .*), rate 32 for 24h/.exec(words('vllm', line))!;
    let [rate, requests] = [2, 0];
    for (const [, to, ms] of stages!.matchAll(/ramp to (\S+) over (\d+)ms/g)) {
      requests += ((rate + Number(to)) / 2) * (Number(ms) / 1000);
      rate = Number(to);
    }
    expect(rate).toBe(32);
    expect(requests).toBeGreaterThan(799);
    expect(requests).toBeLessThan(801);
  });

  it('keep units apart', () => {
    const conversations = '-m m --num-conversations 3 --session-turns-mean 2 --session-turn-delay-mean 1500';
    expect(words('aiperf', conversations)).toContain('--think-time 1500ms --');
    expect(words('aiperf', '-m m --benchmark-duration 1.5')).toContain('--duration 1500ms');
    expect(words('genai-perf', '-m m --endpoint-type chat --measurement-interval 4000')).toContain(
      '--duration 4s',
    );
    expect(words('aiperf', '-m m --request-cancellation-rate 2.5')).toContain(
      '--cancel 2.5% --cancel-after 1ms',
    );
  });
});
