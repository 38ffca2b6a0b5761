import { z } from 'zod';
import { parseYamlFile } from '../../config/config-file.ts';
import { InferometerError } from '../../core/errors.ts';
import { parseDurationMs } from '../../config/units.ts';

// Each check says what is allowed, in words that follow "must be".

const TEXTS = 'a list of texts';
const DURATION = 'a duration with its unit, such as 500ms or 5s';
const whole = (least: number, most: number) => {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.int(allowed).min(least, allowed).max(most, allowed);
};
const duration = () => z.string(DURATION).refine((text) => parseDurationMs(text) !== undefined, DURATION);

/** More cells than this are a mistake. */
export const MOST_CELLS = 1000;
export const MOST_REPEATS = 100;
const MOST_SEED = Number.MAX_SAFE_INTEGER;

const common = {
  format: z.literal(1, '1'),
  /** Of the program that began the study. */
  version: z.string('text'),
  created_at: z.string('a time'),
  /** Where the paths of the flags begin. */
  directory: z.string('a folder'),
  /** Flags of `run`. */
  run: z.record(
    z.string().regex(/^--[a-z][a-z0-9-]*$/, 'flags of run'),
    z.array(z.string(TEXTS), TEXTS).readonly(),
    'flags of run, each with a list of texts',
  ),
  /** Of the file of `--config`, whose content is a part of the question. */
  config_sha256: z.string('text').optional(),
  /** Between two cells. */
  cool_down: duration().optional(),
  /** A shell command that runs between two cells. */
  between: z.string('a shell command').min(1, 'a shell command').optional(),
};

const sweep = z.strictObject({
  ...common,
  kind: z.literal('sweep'),
  over: z.array(z.string(TEXTS), TEXTS).min(1, 'a list with at least one NAME=VALUES'),
  design: z.enum(['grid', 'lhs'], 'grid or lhs'),
  /** Of a Latin hypercube. */
  cells: whole(1, MOST_CELLS).optional(),
  repeat: whole(1, MOST_REPEATS),
  study_seed: whole(0, MOST_SEED),
  stop_after_saturation: z.boolean('true or false'),
  gpus: whole(1, 1_000_000).optional(),
});

const capacity = z.strictObject({
  ...common,
  kind: z.literal('capacity'),
  /** `rate=1..500` or `concurrency=1..512`. */
  over: z.string('NAME=LOW..HIGH'),
  /** How long the longest probes are. */
  probe_duration: duration(),
});

const repeat = z.strictObject({ ...common, kind: z.literal('repeat'), repeat: whole(2, MOST_REPEATS) });

const quick = z.strictObject({
  ...common,
  kind: z.literal('quick'),
  /** What a probe found, as a sentence; and this machine, as a clause. */
  server: z.string('text'),
  machine: z.string('text'),
});

const schema = z.discriminatedUnion(
  'kind',
  [sweep, capacity, repeat, quick],
  'one of sweep, capacity, repeat and quick',
);

export type StudyQuestion = z.infer<typeof schema>;
export type SweepQuestion = z.infer<typeof sweep>;
export type QuickQuestion = z.infer<typeof quick>;
export type RepeatQuestion = z.infer<typeof repeat>;
export type CapacityQuestion = z.infer<typeof capacity>;

/** Fields that may change while a study is under way: what they say is not a part of what is measured. */
const FREE_FIELDS: readonly string[] = ['cool_down', 'between', 'gpus', 'version', 'created_at'];

/** What a study measures, as one text: the same for the same cells. */
export function measuredPart(question: StudyQuestion): string {
  return JSON.stringify(
    Object.entries(question)
      .filter(([name, value]) => value !== undefined && !FREE_FIELDS.includes(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Reads study.yaml. Throws `INFEROMETER_STUDY_FILE` (input) with line and column. */
export function parseQuestion(text: string, path: string): StudyQuestion {
  const file = parseYamlFile(text, path, studyFileError, 'says nothing; it needs the keys of a study');
  const checked = schema.safeParse(file.tree);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const keys = issue!.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue!.path;
  const name = keys.map(String).join('.');
  const place = file.placeOf(keys);
  if (issue!.code === 'unrecognized_keys') throw studyFileError(place, `${name}: unknown key`);
  const found = keys.reduce<unknown>(
    (node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key],
    file.tree,
  );
  if (found === undefined) throw studyFileError(place, `${name} is missing; it must be ${issue!.message}`);
  throw studyFileError(place, `${name} must be ${issue!.message} (got ${shown(found)})`);
}

const LONGEST_SHOWN = 100;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

export function studyFileError(place: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_STUDY_FILE', 'input', `${place}: ${what}`);
}
