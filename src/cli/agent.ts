import type { Command } from 'commander';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { addNatsFlags, type NatsFlags, natsOptionsOf } from './cluster-flags.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText } from './flag-values.ts';

interface Flags extends NatsFlags {
  readonly name?: string;
  readonly out: string;
  readonly once?: boolean;
}

export function agentCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('agent', COMMANDS.agent, [
    'inferometer agent --nats nats://host:4222',
    'INFEROMETER_API_KEY=… inferometer agent --nats tls://host:4222 --nats-creds load.creds --name rack-7',
  ]);
  addNatsFlags(command);
  command
    .option('--name <name>', 'what reports call this load generator (default: the name of the host)')
    .option('--out <dir>', 'folder for the logs that this agent keeps of its runs', 'runs')
    .option('--once', 'exit after one run');
  return command.action(async (flags: Flags) => finish(await agent(flags)));
}

async function agent(flags: Flags): Promise<number> {
  const { runAgent } = await import('../app/agent/agent-service.ts');
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  await runAgent({
    nats: natsOptionsOf(flags),
    name: givenText('--name', flags.name, 'a name'),
    apiKey: process.env.INFEROMETER_API_KEY,
    runsPath: flags.out,
    isOnce: flags.once === true,
    signal: leaving.signal,
    log: createLog((line) => process.stderr.write(`${line}\n`)),
  });
  return EXIT_CODES.ok;
}
