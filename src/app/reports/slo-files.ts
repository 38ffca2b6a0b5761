import { appendFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText, EXIT_CODES, InferometerError } from '../../core/errors.ts';
import { isFailure, junitXml } from '../../report/junit.ts';
import { markdownSummary } from '../../report/markdown-summary.ts';
import type { Report } from '../../report/report.ts';
import { refuseRunLog } from '../run-folder/run-directory.ts';

/** What SLOs are for: whom they are told, and what an undecided one means. */
export interface SloOptions {
  /** An undecided SLO counts as missed. */
  readonly isStrict: boolean;
  /** Replaced. */
  readonly junitPath: string | undefined;
  /** Appended to. */
  readonly markdownPath: string | undefined;
}

/** Whether the files can be written, before anything is done for their sake. Throws `INFEROMETER_SLO_FILE` (input). */
export async function checkSloFiles({ junitPath, markdownPath }: SloOptions): Promise<void> {
  for (const [flag, path] of [
    ['--junit', junitPath],
    ['--summary-markdown', markdownPath],
  ] as const) {
    if (path === undefined) continue;
    refuseRunLog(path);
    const [folder, file] = await Promise.all([statOf(dirname(path)), statOf(path)]);
    if (folder?.isDirectory() !== true) throw unwritable(flag, path, `${dirname(path)} is not a directory`);
    if (file?.isDirectory() === true) throw unwritable(flag, path, 'it is a directory');
  }
}

/** Writes the files there are to be. Throws `INFEROMETER_SLO_FILE` (input) for one that can't be written. */
export async function writeSloFiles(
  report: Report,
  { isStrict, junitPath, markdownPath }: SloOptions,
): Promise<void> {
  if (junitPath !== undefined)
    await written('--junit', junitPath, writeFileAtomic(junitPath, junitXml(report, isStrict)));
  if (markdownPath !== undefined)
    await written('--summary-markdown', markdownPath, appendFile(markdownPath, markdownSummary(report)));
}

/** What the SLOs alone would have a command exit with. */
export function sloExitCode({ slos }: Report, isStrict: boolean): number {
  return slos.some((slo) => isFailure(slo, isStrict)) ? EXIT_CODES.missed : EXIT_CODES.ok;
}

async function written(flag: string, path: string, writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    throw unwritable(flag, path, errorText(error));
  }
}

async function statOf(path: string) {
  return stat(path).catch(() => undefined);
}

function unwritable(flag: string, path: string, why: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_SLO_FILE',
    'input',
    `${flag} must be a file I may write (got "${path}": ${why})`,
  );
}
