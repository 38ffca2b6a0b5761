import { secretsOf } from '../../config/redact.ts';
import { phaseConfigs } from '../../config/run-phases.ts';
import type { RunConfig } from '../../config/schema.ts';
import { InferometerError } from '../../core/errors.ts';

/** Refuses what can't be divided among this many agents. Throws `INFEROMETER_CLUSTER_UNFIT` (input) with the flag and what to do. */
export function checkClusterConfig(config: RunConfig, agents: number): void {
  const { client, hub, conversations } = config;
  if (client.cpus !== undefined)
    throw unfit('--cpus names the CPUs of one machine; leave it out, or pin each agent with taskset');
  if (client.cert_file !== undefined || client.key_file !== undefined)
    throw unfit(
      '--cert and --key would have to send a private key to the agents; use a proxy on each agent that adds them',
    );
  if (hub !== undefined)
    throw unfit('--hub: agents download nothing; download the dataset first, and give its file as --dataset');
  if (conversations?.on_first_idle !== undefined && conversations.on_first_idle !== 'continue')
    throw unfit(
      '--on-first-idle needs one load generator, since no agent knows of the others when it runs out of conversations',
    );
  const secrets = secretsOf({ ...config, client: { ...client, api_key: undefined } });
  if (secrets.length > 0) {
    throw unfit(
      `${secrets[0]!.where} holds a secret, and no secret is sent to agents; ` +
        'put an API key in INFEROMETER_API_KEY, here and on each agent',
    );
  }
  for (const phase of phaseConfigs(config)) {
    const { concurrency, max_in_flight: capped } = phase.config.load;
    for (const [flag, value] of [
      ['--concurrency', concurrency],
      ['--max-in-flight', capped],
      ['--max-connections', client.max_connections],
    ] as const) {
      if (value !== undefined && value < agents)
        throw unfit(
          `${flag} ${value} is less than one for each of ${agents} agents; raise it, or take fewer agents`,
        );
    }
  }
}

function unfit(text: string): InferometerError {
  return new InferometerError('INFEROMETER_CLUSTER_UNFIT', 'input', `--agents: ${text}`);
}
