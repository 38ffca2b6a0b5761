import { z } from 'zod';
import { objectOf } from './settings/setting.ts';
import { SETTING_TABLE } from './settings/table.ts';

/**
 * What a run is asked to do, checked: the schema of the table of settings, behind YAML, flags and the config.yaml of a run. Units are in
 * the names; each field's description is its help text.
 */
export const runConfigSchema = objectOf(SETTING_TABLE, z);

/** A checked configuration with all defaults filled in. */
export type RunConfig = z.output<typeof runConfigSchema>;
/** What may be written down: everything with a default may be missing. */
export type RunConfigInput = z.input<typeof runConfigSchema>;
