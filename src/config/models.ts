import type { RunConfig } from './schema.ts';
import { parseDecimal, parseShare } from './units.ts';

/** A model of a run, and how often it is asked beside the others. */
export interface WeightedModel {
  readonly name: string;
  /** Above 0; only what it is to the sum of all weights counts. */
  readonly weight: number;
}

export const MODEL_ALLOWED = 'a name, or a name and its weight such as llama=0.8';

/** `name`, or `name=weight`: what is behind the last `=` is a weight when it is a number or a percentage, else a part of the name. */
export function parseModel(text: string): WeightedModel | undefined {
  const at = text.lastIndexOf('=');
  const given = text.slice(at + 1);
  const weight = at < 0 ? undefined : given.endsWith('%') ? parseShare(given) : parseDecimal(given);
  const name = weight === undefined ? text : text.slice(0, at);
  return name === '' || (weight ?? 1) <= 0 ? undefined : { name, weight: weight ?? 1 };
}

/** The models of a run, with their weights. */
export function modelsOf({ model }: Pick<RunConfig, 'model'>): readonly WeightedModel[] {
  return typeof model === 'string' ? [{ name: model, weight: 1 }] : model;
}

/** The one, or the first. */
export function firstModel(config: Pick<RunConfig, 'model'>): string {
  return modelsOf(config)[0]!.name;
}
