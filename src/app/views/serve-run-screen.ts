import type { RunScreen } from '../run/run-screen.ts';
import type { ViewsProcess } from './views-process.ts';

/** A run's screen that shows the run on the page, to Prometheus and to the collector as well. Closes the views at the end. */
export function withServedViews(screen: RunScreen, views: ViewsProcess): RunScreen {
  return {
    log: screen.log,
    isInteractive: screen.isInteractive,
    started: (runPath, controls) => {
      views.follow(runPath, controls);
      screen.started(runPath, controls);
    },
    phase: (plan) => screen.phase(plan),
    snapshot: (snapshot) => screen.snapshot(snapshot),
    step: (text) => screen.step(text),
    finished: (report, runPath, reportFile) => screen.finished(report, runPath, reportFile),
    close: async () => {
      await views.close();
      await screen.close();
    },
  };
}
