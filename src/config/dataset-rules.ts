import { isMappedName, MAPPED_NAMES_ALLOWED } from '../dataset/column-map.ts';
import { parseSynthetic } from '../workload/synthesis/synthetic-spec.ts';
import { settingOf } from './flags.ts';
import { inputError } from './input-error.ts';
import type { RunConfig } from './schema.ts';

export function checkPrompts({ dataset, format, synthetic, tokenizer }: RunConfig): void {
  if (dataset === undefined && synthetic === undefined) {
    throw inputError(
      `--dataset is missing: ${settingOf('dataset')!.help}; or make prompts up with --synthetic`,
    );
  }
  if (dataset !== undefined && synthetic !== undefined) {
    throw inputError('--dataset and --synthetic both say what to send; give one of them');
  }
  if (format !== undefined && dataset === undefined) {
    throw inputError('--format is only for --dataset: it says how that is written');
  }
  if (synthetic !== undefined && tokenizer === undefined) {
    throw inputError(
      '--synthetic needs --tokenizer, the tokenizer.json of the model, to make prompts of an exact length',
    );
  }
}

/** What is about conversations is only for those that are sent in full, and counts them. */
export function checkConversations({
  conversations,
  stop,
  warmup,
  synthetic,
  load,
  client,
}: RunConfig): void {
  if (conversations?.multi_turn === true) {
    if (synthetic !== undefined) checkMadeUpConversations(synthetic, conversations.history);
    if (stop.samples !== undefined) {
      throw inputError('--samples cannot end a run with --multi-turn; use --conversations or --duration');
    }
    const { on_first_idle: onFirstIdle, warm_trajectories: isWarm } = conversations;
    if ((onFirstIdle !== 'continue' || isWarm) && !isClosedLoop(load.pattern)) {
      throw inputError(
        `${isWarm ? '--warm-trajectories' : '--on-first-idle'} is for a number of conversations at once, such as --concurrency 8 (got --pattern ${load.pattern})`,
      );
    }
    checkSticky(conversations.sticky ?? [], client);
    if (warmup?.samples !== undefined) {
      throw inputError(
        '--warmup must be a duration such as 10s with --multi-turn (got a number of requests)',
      );
    }
    return;
  }
  const given =
    stop.conversations === undefined
      ? Object.keys(conversations ?? {}).find(
          (name) => conversations![name as 'history'] !== CONVERSATION_DEFAULTS[name],
        )
      : 'stop.conversations';
  if (given === undefined) return;
  const path = given.includes('.') ? given : `conversations.${given}`;
  throw inputError(`${settingOf(path)!.flag} is only for --multi-turn`);
}

function checkSticky(sticky: readonly string[], { connections, http }: RunConfig['client']): void {
  if (sticky.filter((one) => one.startsWith('header:')).length > 1)
    throw inputError('--sticky: only one header can have the id of the conversation');
  if (!sticky.includes('connection')) return;
  if (connections === 'new')
    throw inputError('--sticky connection keeps connections, and --connections new none');
  if (http === 2) {
    throw inputError(
      '--sticky connection is for HTTP/1.1; over HTTP/2 the turns of a conversation share a session with others',
    );
  }
}

function isClosedLoop(pattern: RunConfig['load']['pattern']): boolean {
  return pattern === 'concurrency' || pattern === 'burst';
}

export function checkMap({ map, dataset, format, load, conversations }: RunConfig): void {
  if (map === undefined) return;
  if (dataset === undefined) throw inputError('--map is only for --dataset: it says what its columns mean');
  const other =
    conversations?.multi_turn === true
      ? '--multi-turn'
      : load.pattern === 'replay'
        ? '--replay'
        : format === undefined || format === 'rows'
          ? undefined
          : `--format ${format}`;
  if (other !== undefined) throw inputError(`--map is for rows that are a request each, so not for ${other}`);
  const unknown = Object.keys(map).find((name) => !isMappedName(name));
  if (unknown !== undefined)
    throw inputError(`--map: a column can be ${MAPPED_NAMES_ALLOWED} (got "${unknown}")`);
}

export function checkSalt({ salt, conversations, synthetic }: RunConfig): void {
  if (salt === undefined) return;
  if (salt.per === 'request' && conversations?.multi_turn === true) {
    throw inputError(
      '--salt-per request is not for --multi-turn: the turns of a conversation share their history',
    );
  }
  if (salt.position === 'mlcommons' && (conversations?.multi_turn !== true || synthetic !== undefined)) {
    throw inputError('--salt mlcommons is only for the conversations of a dataset: --multi-turn');
  }
  if (salt.position !== 'system') return;
  const spec = synthetic === undefined ? undefined : parseSynthetic(synthetic);
  if (typeof spec === 'object' && spec.system === undefined) {
    throw inputError('--salt system with --synthetic needs system in the description, as in system=200');
  }
}

function checkMadeUpConversations(synthetic: string, history: string): void {
  const spec = parseSynthetic(synthetic);
  if (typeof spec !== 'string' && spec.turns === undefined) {
    throw inputError('--multi-turn with --synthetic needs turns in the description, as in turns=3');
  }
  if (history === 'recorded') {
    throw inputError(
      '--history recorded needs --dataset; conversations of --synthetic have no recorded responses',
    );
  }
}

/** What stands in the group when one of its settings is given. */
const CONVERSATION_DEFAULTS: Readonly<Record<string, unknown>> = {
  multi_turn: false,
  history: 'auto',
  reasoning: 'drop',
  ignore_delays: false,
  on_turn_failure: 'end',
  on_first_idle: 'continue',
  warm_trajectories: false,
};
