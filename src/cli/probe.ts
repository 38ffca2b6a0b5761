import { type Command, Option } from 'commander';
import { environmentOf } from '../config/environment-settings.ts';
import { parseDurationMs } from '../config/units.ts';
import { type Setting, SETTINGS } from '../config/flags.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { visibleText } from '../core/visible-text.ts';
import { addRepeatable, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { flagError } from './flag-values.ts';
import { settingTexts } from './setting-texts.ts';

/** Settings of `run` that say how a server is reached and asked. */
const SHARED_FLAGS: ReadonlySet<string> = new Set([
  ...['--model', '--api', '--api-key', '--header', '--tls-verify', '--insecure', '--ca', '--cert', '--key'],
  ...['--server-name', '--proxy', '--resolve', '--http'],
]);
const SHARED = SETTINGS.filter(({ flag }) => SHARED_FLAGS.has(flag));
/** Those that the next command has from elsewhere. */
const NOT_REPEATED: ReadonlySet<string> = new Set(['--model', '--api', '--api-key']);
const TIMEOUT = '30s';

interface Flags {
  readonly json?: boolean;
  readonly timeout: string;
}

export function probeCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('probe', COMMANDS.probe, [
    'inferometer probe http://localhost:8000',
    'inferometer probe https://host/v1 --model my-model --json',
    'inferometer probe unix:/run/vllm.sock',
  ])
    .argument('<url>', 'base URL or full URL of the server, or its Unix socket')
    .option('--json', 'print JSON')
    .option('--timeout <time>', 'how long to wait for a response of a few tokens', TIMEOUT);
  for (const { flag, argument, help, environment, prefersEnvironment } of SHARED) {
    const text = flag === '--model' ? 'model to try (default: the first one listed)' : helpOf(flag, help);
    const shown = prefersEnvironment ? `${text} (${environment})` : text;
    if (argument === '') command.addOption(new Option(flag, shown));
    else addRepeatable(command, `${flag} ${argument}`, shown);
  }
  return command.action(async (url: string, { json, timeout }: Flags, self: Command) => {
    const timeoutMs = parseDurationMs(timeout);
    if (timeoutMs === undefined || timeoutMs <= 0) {
      throw flagError('--timeout', timeout, 'a duration above 0 such as 30s');
    }
    const flags = settingTexts(self, SHARED);
    const [{ probeUrl }, { probeText, probeToJson }] = await Promise.all([
      import('../app/run/probe-url.ts'),
      import('../app/probe/probe-text.ts'),
    ]);
    const { result, masked } = await probeUrl(url, {
      flags,
      environment: environmentOf(process.env, SHARED),
      timeoutMs,
      repeated: repeatedFlags(flags),
    });
    const text =
      json === true ? JSON.stringify(probeToJson(result), null, 2) : visibleText(probeText(result));
    process.stdout.write(`${masked(text)}\n`);
    finish(result.isUsable ? EXIT_CODES.ok : EXIT_CODES.execution);
  });
}

function helpOf(flag: string, help: string): string {
  return flag === '--api' ? help.replace(/ \(default chat\)$/, ' (default: the first that answers)') : help;
}

/** The connection's flags for the next command; of a secret only that it is there. */
function repeatedFlags(flags: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return SHARED.filter(({ flag }) => !NOT_REPEATED.has(flag)).flatMap((setting) =>
    (flags.get(setting.flag) ?? []).flatMap((text) =>
      setting.argument === '' ? [setting.flag] : [setting.flag, shownText(setting, text)],
    ),
  );
}

function shownText({ flag, secret }: Setting, text: string): string {
  if (flag === '--header') return text.replace(/:.*$/s, ': …');
  if (flag === '--proxy') return text.replace(/\/\/[^@/]*@/, '//…@');
  // The path of a key's file is none.
  return secret === true && flag !== '--key' ? '…' : text;
}
