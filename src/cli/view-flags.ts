import type { Command } from 'commander';
import type { RunScreen } from '../app/run/run-screen.ts';

/** Flags of `run` that show it to other programs. */
export interface ViewFlags {
  readonly viewAddress?: string;
  /** True without an address. */
  readonly web?: string | true;
  readonly webControl?: boolean;
  readonly token?: string;
  readonly otlp?: string;
}

export function addViewFlags(command: Command): void {
  command
    .option(
      '--view-address <address>',
      'let other machines watch it at tcp://host:port; beyond the loopback with a key, which is printed (INFEROMETER_VIEW_KEY)',
    )
    .option(
      '--web [address]',
      'serve the live page while it runs: [host:]port (default 127.0.0.1:7860, or any free port)',
    )
    .option(
      '--web-control',
      'the page may also pause, change the rate, mark and stop the run (asks for the token)',
    )
    .option(
      '--token <text>',
      'viewers must present this token; generated where one is needed (INFEROMETER_WEB_TOKEN)',
    )
    .option('--otlp <url>', 'push metrics to this OpenTelemetry collector, such as http://localhost:4318');
}

/** The screen of a run, shown as well where the flags say; the process that serves it is only started when it is wanted. */
export async function withViews(
  screen: RunScreen,
  { web, webControl = false, token, otlp }: ViewFlags,
  environment: NodeJS.ProcessEnv,
): Promise<RunScreen> {
  const isServed = web !== undefined || webControl;
  if (!isServed && otlp === undefined) return screen;
  const { ViewsProcess } = await import('../app/views/views-process.ts');
  const { withServedViews } = await import('../app/views/serve-run-screen.ts');
  const views = await ViewsProcess.open({
    web: isServed
      ? {
          listen: typeof web === 'string' ? web : undefined,
          listenFlag: '--web',
          token: token ?? environment.INFEROMETER_WEB_TOKEN,
          runsPath: 'runs',
          mayReplay: false,
        }
      : undefined,
    otlpUrl: otlp,
    mayControl: webControl,
    log: screen.log,
  });
  return withServedViews(screen, views);
}

/** The key of an address where a run is watched: the flag's, else the environment's; none when it is empty. */
export function viewKeyOf(flag: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  const key = flag ?? environment.INFEROMETER_VIEW_KEY;
  return key === '' ? undefined : key;
}
