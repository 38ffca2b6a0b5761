import { parseSynthetic } from '../workload/synthesis/synthetic-spec.ts';
import type { Tree } from './yaml-file.ts';
import { isTree } from './given-settings.ts';

/** Fills in what the settings given already say: nobody has to say a thing twice. */
export function inferSettings(tree: Tree): void {
  inferPattern((tree.load ??= {}));
  for (const phase of phasesIn(tree)) inferPattern(phase.load);
  inferConversations(tree);
  inferSalt(tree);
}

/** `--rate` or `--stages` alone mean Poisson arrivals, `--concurrency` alone a closed loop: what people expect. */
function inferPattern(load: unknown): void {
  if (!isTree(load)) return;
  if (load.pattern !== undefined) return;
  if (load.burstiness !== undefined) load.pattern = 'gamma';
  else if (hasConcurrencyStages(load.stages)) load.pattern = 'concurrency';
  else if ([load.rate_per_second, load.stages, load.stages_file].some((one) => one !== undefined)) {
    load.pattern = 'poisson';
  } else if (load.concurrency !== undefined) load.pattern = 'concurrency';
}

/** Made-up prompts with turns are conversations. */
function inferConversations(tree: Tree): void {
  if (![tree, ...phasesIn(tree)].some(({ synthetic }) => hasTurns(synthetic))) return;
  const conversations = (tree.conversations ??= {});
  if (isTree(conversations)) conversations.multi_turn ??= true;
}

function hasTurns(synthetic: unknown): boolean {
  const spec = typeof synthetic === 'string' ? parseSynthetic(synthetic) : '';
  return typeof spec !== 'string' && spec.turns !== undefined;
}

/** Those that can be one, as they were given. */
function phasesIn({ phases }: Tree): readonly Tree[] {
  return Array.isArray(phases) ? phases.filter(isTree) : [];
}

/** The requests of a conversation have its salt in common. */
function inferSalt({ salt, conversations }: Tree): void {
  if (isTree(salt) && isTree(conversations) && conversations.multi_turn === true) salt.per ??= 'conversation';
}

function hasConcurrencyStages(stages: unknown): boolean {
  const isOne = (stage: unknown) =>
    isTree(stage) && ('concurrency' in stage || 'ramp_to_concurrency' in stage);
  return Array.isArray(stages) && stages.some(isOne);
}
