import type { z } from 'zod';
import { MAX_GROUP_VALUES } from '../../core/sample-groups.ts';
import { DATASET, FORMAT, SYNTHETIC } from './dataset-settings.ts';
import { LOAD_SETTINGS, STOP_SETTINGS } from './load-settings.ts';
import { defaulted, optionalGroup, optionalList, required, type ValueType } from './setting.ts';
import { ON_OFF, text } from './value-types.ts';

// Parts of a run, one after another. A list of them is too much for a command line: only a file has it.

const NAME_ALLOWED = 'a name of at most 40 letters, digits, spaces and - _ .';
const NAME: ValueType<z.ZodString> = {
  ...text(NAME_ALLOWED),
  title: 'name',
  schema: (zod) => zod.string(NAME_ALLOWED).regex(/^[\w.-][\w. -]{0,39}$/, NAME_ALLOWED),
};

export const PHASES = optionalList(
  {
    name: required(NAME, { form: 'phases', help: 'what the report calls the phase' }),
    measure: defaulted(ON_OFF, true, {
      form: 'phases',
      help: 'false for a warm-up or a cool-down, which is in no figure',
    }),
    load: optionalGroup(LOAD_SETTINGS),
    stop: optionalGroup(STOP_SETTINGS),
    dataset: DATASET,
    format: FORMAT,
    synthetic: SYNTHETIC,
  },
  // Each measured one is a row of the report.
  {
    items: 'phases',
    most: MAX_GROUP_VALUES,
    help: 'parts of the run, one after another, each with its own load, stop rule and prompts',
  },
);
