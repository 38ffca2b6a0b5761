import type { Command } from 'commander';
import { serveViews } from '../app/views/serve.ts';
import { standBack } from '../app/machine/stand-back.ts';
import type { StudyList } from '../app/studies/study-list.ts';
import { STUDIES_FOLDER } from '../app/studies/study-folder.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import type { StudyRow } from '../web/run-library.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { viewKeyOf } from './view-flags.ts';

interface Flags {
  readonly key?: string;
  readonly listen?: string;
  readonly token?: string;
  readonly runs?: string;
  readonly otlp?: string;
}

export function serveCommand(finish: (exitCode: number) => void): Command {
  return createCommand('serve', COMMANDS.serve, [
    'inferometer serve                                   # whichever run is under way, and all past ones',
    'inferometer serve runs/20261124T110000Z-1a2b3c',
    'inferometer serve tcp://10.0.0.5:5600 --listen 0.0.0.0:7860',
  ])
    .argument(
      '[target]',
      'run directory, report directory of MLCommons endpoints, or address of snapshots (default: the newest run under way)',
    )
    .option('--key <key>', 'key for an address that requires one (INFEROMETER_VIEW_KEY)')
    .option('--listen <[host:]port>', 'where to serve (default 127.0.0.1:7860, or any free port)')
    .option(
      '--token <text>',
      'viewers must present this token; generated when listening beyond localhost (INFEROMETER_WEB_TOKEN)',
    )
    .option('--runs <dir>', 'folder of the runs listed (default runs, or where the run directory is)')
    .option('--otlp <url>', 'push metrics to this OpenTelemetry collector as well')
    .action(async (target: string | undefined, flags: Flags) => finish(await serve(target, flags)));
}

async function serve(target: string | undefined, flags: Flags): Promise<number> {
  standBack();
  const leaving = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort());
  await serveViews({
    target,
    key: viewKeyOf(flags.key, process.env),
    listen: flags.listen,
    token: flags.token ?? process.env.INFEROMETER_WEB_TOKEN,
    runsPath: flags.runs,
    studies: studiesIn(flags.runs ?? STUDIES_FOLDER),
    otlpUrl: flags.otlp,
    log: createLog((line) => process.stderr.write(`${line.replace(/^info: /, '')}\n`)),
    signal: leaving.signal,
  });
  return EXIT_CODES.ok;
}

/** Lists the studies in a folder, without where they are. */
function studiesIn(path: string): () => Promise<readonly StudyRow[]> {
  let list: StudyList | undefined;
  return async () => {
    list ??= new (await import('../app/studies/study-list.ts')).StudyList(path);
    const studies = await list.entries();
    return studies.map(({ name, kind, createdAt, cells, cellsDone, conclusions }) => {
      return { name, kind, createdAt, cells, cellsDone, conclusions };
    });
  };
}
