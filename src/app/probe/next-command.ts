import { shellQuoted } from '../../other-tools/shell-words.ts';
import type { ApiName } from '../../protocol/adapters.ts';

/** What the next command says besides where the server is. */
export interface NextCommand {
  readonly endpoint: string;
  readonly api: ApiName;
  /** Undefined: the user has to fill it in. */
  readonly model: string | undefined;
  /** A key is needed and is not part of the command. */
  readonly needsKey: boolean;
  /** Flags that this server needs, and those of the connection as they were given; secrets are left out. */
  readonly flags: readonly string[];
}

/** The `run` command to type next, for a POSIX shell. */
export function nextCommandText({ endpoint, api, model, needsKey, flags }: NextCommand): string {
  const words = [
    ...['inferometer', 'run', '--endpoint', endpoint],
    ...(api === 'chat' ? [] : ['--api', api]),
    ...['--model', model ?? 'NAME', ...flags],
    ...['--dataset', 'prompts.jsonl', '--concurrency', '4', '--samples', '100'],
  ];
  return `${needsKey ? 'INFEROMETER_API_KEY=… ' : ''}${words.map(shellQuoted).join(' ')}`;
}
