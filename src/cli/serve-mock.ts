import type { Command } from 'commander';
import { readTlsFiles } from '../app/run/tls-files.ts';
import { inputError } from '../config/input-error.ts';
import { FAILURE_KINDS, parseFailureMode } from '../testing/failure-modes.ts';
import { parseDistribution } from '../testing/latency-model.ts';
import { startMockServer } from '../testing/mock-server.ts';
import type { Pacing } from '../testing/pacer.ts';
import { addRepeatable, choiceOption, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText, wholeNumberOf } from './flag-values.ts';

const PACINGS = ['economy', 'precise'] as const satisfies readonly Pacing[];

interface Flags {
  readonly host: string;
  readonly port: string;
  readonly ttft: string;
  readonly interToken: string;
  readonly outputTokens: string;
  readonly seed: string;
  readonly pacing: Pacing;
  readonly fail?: readonly string[];
  readonly withParent?: boolean;
  readonly writeBytes?: string;
  readonly slots?: string;
  readonly maxStreams: string;
  readonly cert?: string;
  readonly key?: string;
}

export function serveMockCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('serve-mock', COMMANDS['serve-mock'], [
    'inferometer serve-mock --port 8000',
    'inferometer serve-mock --port 8000 --ttft lognormal:120,0.5 --inter-token normal:12,3 --output-tokens fixed:128',
    'inferometer serve-mock --port 8000 --fail status:503=0.01 --fail cut=0.001',
    'curl -s localhost:8000/truth            # what really happened, a JSON line a request',
  ])
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 = any free one', '0')
    .option(
      '--ttft <ms>',
      'time to first token: fixed:N, normal:MEAN,SD or lognormal:MEDIAN,SIGMA',
      'lognormal:80,0.4',
    )
    .option('--inter-token <ms>', 'time between tokens, as for --ttft', 'normal:10,2')
    .option('--output-tokens <n>', 'tokens in an answer, as for --ttft', 'lognormal:60,0.5')
    .option('--seed <n>', 'seed of all that is drawn', '42')
    .option('--write-bytes <n>', 'split output into writes of this many bytes')
    .option('--slots <n>', 'answers generated at a time; other requests wait (default no limit)')
    .option('--max-streams <n>', 'streams that a session of HTTP/2 may have open', '1000')
    .option('--cert <file>', 'serve over TLS with this certificate (PEM)')
    .option('--key <file>', 'its private key (PEM)')
    .option(
      '--with-parent',
      'end when standard input closes, as it does when the program that started this one ends',
    )
    .addOption(choiceOption('--pacing <mode>', 'by timers, or spinning near a due time', PACINGS, 'economy'));
  const kinds = Object.entries(FAILURE_KINDS).map(([kind, what]) => `${kind}: ${what}`);
  addRepeatable(
    command,
    '--fail <kind=probability>',
    `fail some requests; status:CODE, or ${kinds.join('; ')}`,
  );
  return command.action(async (flags: Flags) => finish(await serveMock(flags)));
}

async function serveMock(flags: Flags): Promise<number> {
  const server = await startMockServer({
    host: givenText('--host', flags.host, 'an address of this machine'),
    port: wholeNumberOf('--port', flags.port, 0, 65_535),
    seed: wholeNumberOf('--seed', flags.seed, 0, Number.MAX_SAFE_INTEGER),
    pacing: flags.pacing,
    ...(flags.writeBytes === undefined
      ? {}
      : { writeBytes: wholeNumberOf('--write-bytes', flags.writeBytes, 1, 65_536) }),
    ...(flags.slots === undefined ? {} : { slots: wholeNumberOf('--slots', flags.slots, 1, 65_536) }),
    maxStreams: wholeNumberOf('--max-streams', flags.maxStreams, 1, 2 ** 31 - 1),
    ...(await tlsOf(flags)),
    latency: {
      ttftMs: parseDistribution('--ttft', flags.ttft),
      interTokenMs: parseDistribution('--inter-token', flags.interToken),
      outputTokens: parseDistribution('--output-tokens', flags.outputTokens),
    },
    failures: (flags.fail ?? []).map(parseFailureMode),
  });
  process.stdout.write(`mock LLM server on ${server.url} (Ctrl-C ends it)\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    if (flags.withParent === true) process.stdin.resume().once('end', resolve);
  });
  // An open pipe would keep the process waiting for more of it.
  process.stdin.destroy();
  await server.close();
  return 0;
}

async function tlsOf({ cert, key }: Flags) {
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined) throw inputError('--key needs --cert, the certificate that it belongs to');
  const { cert: certificate, key: privateKey } = await readTlsFiles({ cert_file: cert, key_file: key });
  return { tls: { cert: certificate, key: privateKey } };
}
