import { proxyOfEach } from '../../config/connection-rules.ts';
import { secretsOf } from '../../config/redact.ts';
import { type ConfigSources, resolveConfig } from '../../config/resolve.ts';
import { addressesOfEach } from '../../config/resolve-entries.ts';
import type { RunConfig } from '../../config/schema.ts';
import { inputError } from '../../config/input-error.ts';
import { firstModel } from '../../config/models.ts';
import { isTemplate } from '../../config/template-file.ts';
import { type ApiName, isPluginApi } from '../../protocol/adapters.ts';
import { parseEndpoint } from '../../protocol/endpoint.ts';
import { probeServer, type ProbeResult } from '../probe/probe-server.ts';
import { SecretMask } from './secret-mask.ts';
import { readTlsFiles } from './tls-files.ts';

export interface ProbeUrlOptions extends Omit<ConfigSources, 'file'> {
  readonly timeoutMs: number;
  /** Flags to repeat in the next command. */
  readonly repeated: readonly string[];
}

/** What a run needs besides, and a probe does not look at. */
const UNUSED = [
  ['--model', ['unused']],
  ['--dataset', ['unused']],
] as const;

export interface ProbedUrl {
  readonly result: ProbeResult;
  /** Masks secrets that the server sent back. */
  readonly masked: (text: string) => string;
}

/** Probes the server of a URL over the connections that a run with the same flags would have. Throws `InferometerError`. */
export async function probeUrl(url: string, options: ProbeUrlOptions): Promise<ProbedUrl> {
  const { flags, environment, timeoutMs, repeated } = options;
  // Checked, and completed from the environment, as those of a run are.
  const config = resolveConfig({ environment, flags: new Map([...UNUSED, ...flags, ['--endpoint', [url]]]) });
  const { headers, api_key: apiKey, tls_verify: tlsVerify, http } = config.client;
  const mask = new SecretMask(secretsOf(config).map(({ text }) => text));
  const result = await probeServer(parseEndpoint(url), {
    ...{ headers, apiKey, tlsVerify, http, timeoutMs, flags: repeated },
    tls: await readTlsFiles(config.client),
    proxy: proxyOfEach(config)[0],
    addresses: addressesOfEach(config)[0],
    model: flags.has('--model') ? firstModel(config) : undefined,
    api: flags.has('--api') ? builtIn(config.api) : undefined,
  });
  return { result, masked: (text) => mask.message(text) };
}

function builtIn(api: RunConfig['api']): ApiName {
  if (!isTemplate(api) && !isPluginApi(api)) return api;
  throw inputError(
    `--api must name an API of the program: a probe can't look for one that a file describes or a plugin has (got ${api})`,
  );
}
