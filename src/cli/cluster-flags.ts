import { type Command, Option } from 'commander';
import {
  COORDINATOR_LOSS,
  type ClusterOptions,
  type CoordinatorLoss,
} from '../app/cluster/cluster-options.ts';
import { NATS_URL, NATS_URL_ALLOWED, type NatsOptions } from '../app/cluster/nats-options.ts';
import { parseBytes, parseDurationMs } from '../config/units.ts';
import { REDACTED_PART, redactUrls } from '../core/redact-url.ts';
import { addRepeatable, choiceOption } from './command-line.ts';
import { flagError, givenText, wholeNumberOf } from './flag-values.ts';

/** Flags of all that talk to NATS. */
export interface NatsFlags {
  readonly nats?: readonly string[];
  readonly natsCreds?: string;
  readonly natsNkey?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

/** Flags of `run` for several load generators. */
export interface ClusterFlags extends NatsFlags {
  readonly agents?: string;
  readonly agentsWait: string;
  readonly onCoordinatorLoss?: CoordinatorLoss;
  readonly streamSize: string;
}

const MOST_AGENTS = 1024;

export function addNatsFlags(command: Command): void {
  addRepeatable(command, '--nats <url>', 'URL of a NATS server with JetStream, e.g. nats://host:4222');
  for (const [flags, help] of [
    ['--nats-creds <file>', 'NATS credentials file, as written by nsc'],
    ['--nats-nkey <file>', 'file with the nkey seed to log in with'],
    ['--nats-ca <file>', 'certificate authority to verify NATS with, PEM'],
    ['--nats-cert <file>', 'client certificate for TLS to NATS, PEM'],
    ['--nats-key <file>', 'private key of the client certificate, PEM'],
  ] as const) {
    command.addOption(new Option(flags, help));
  }
}

export function addClusterFlags(command: Command): void {
  command.option(
    '--agents <n>',
    'share the load among this many `inferometer agent` processes connected to the same NATS (docs/scale.md)',
  );
  addNatsFlags(command);
  command
    .option('--agents-wait <time>', 'how long to wait for that many agents', '60s')
    .addOption(
      choiceOption(
        '--on-coordinator-loss <policy>',
        'what agents do if they lose contact with this process: finish the current phase, or stop',
        COORDINATOR_LOSS,
        'finish',
      ),
    )
    .option('--stream-size <size>', 'limit for the events of the run in NATS, e.g. 20GiB', '8GiB');
}

/** Undefined without `--agents`. */
export function clusterOptionsOf(flags: ClusterFlags): ClusterOptions | undefined {
  const { agents, agentsWait, onCoordinatorLoss = 'finish', streamSize } = flags;
  if (agents === undefined) {
    if (flags.nats === undefined) return undefined;
    throw flagError('--nats', shownUrl(flags.nats[0]!), 'given with --agents, the number of load generators');
  }
  const waitMs = parseDurationMs(agentsWait);
  if (waitMs === undefined) throw flagError('--agents-wait', agentsWait, 'a time with its unit, such as 60s');
  const streamBytes = parseBytes(streamSize);
  if (streamBytes === undefined || streamBytes < 2 ** 20)
    throw flagError('--stream-size', streamSize, 'a size with its unit from 1MiB on, such as 20GiB');
  return {
    agents: wholeNumberOf('--agents', agents, 1, MOST_AGENTS),
    nats: natsOptionsOf(flags),
    ...{ waitMs, streamBytes, onCoordinatorLoss },
  };
}

export function natsOptionsOf({ nats = [], ...flags }: NatsFlags): NatsOptions {
  for (const url of nats) {
    if (!NATS_URL.test(url) || !URL.canParse(url)) throw flagError('--nats', shownUrl(url), NATS_URL_ALLOWED);
  }
  if (nats.length === 0) throw flagError('--nats', '', `given: ${NATS_URL_ALLOWED}`);
  return {
    urls: nats,
    credsPath: givenText('--nats-creds', flags.natsCreds, 'a file'),
    nkeyPath: givenText('--nats-nkey', flags.natsNkey, 'a file'),
    tlsCaPath: givenText('--nats-ca', flags.natsCa, 'a file'),
    tlsCertPath: givenText('--nats-cert', flags.natsCert, 'a file'),
    tlsKeyPath: givenText('--nats-key', flags.natsKey, 'a file'),
  };
}

/** A URL, well formed or not, without what may be a password. */
function shownUrl(url: string): string {
  return redactUrls(url.replace(/^(\w+:\/\/)?.*@/s, `$1${REDACTED_PART}@`));
}
