import type { Command } from 'commander';
import type { CommandName } from './commands.ts';

/** Makes a command that tells its exit code to `finish`. */
export type CommandFactory = (finish: (exitCode: number) => void) => Command;

/** Only the command that is called is loaded: most of the time of a start is the loading of modules. */
export const COMMAND_FACTORIES: Readonly<Record<CommandName, () => Promise<CommandFactory>>> = {
  run: async () => (await import('./run.ts')).runCommand,
  probe: async () => (await import('./probe.ts')).probeCommand,
  sweep: async () => (await import('./sweep.ts')).sweepCommand,
  capacity: async () => (await import('./capacity.ts')).capacityCommand,
  repeat: async () => (await import('./repeat.ts')).repeatCommand,
  quick: async () => (await import('./quick.ts')).quickCommand,
  study: async () => (await import('./study.ts')).studyCommand,
  aggregate: async () => (await import('./aggregate.ts')).aggregateCommand,
  agent: async () => (await import('./agent.ts')).agentCommand,
  watch: async () => (await import('./watch.ts')).watchCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  history: async () => (await import('./history.ts')).historyCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  compare: async () => (await import('./compare.ts')).compareCommand,
  plot: async () => (await import('./plot.ts')).plotCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  import: async () => (await import('./import.ts')).importCommand,
  from: async () => (await import('./from.ts')).fromCommand,
  dataset: async () => (await import('./dataset.ts')).datasetCommand,
  'serve-mock': async () => (await import('./serve-mock.ts')).serveMockCommand,
  demo: async () => (await import('./demo.ts')).demoCommand,
  calibrate: async () => (await import('./calibrate.ts')).calibrateCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  init: async () => (await import('./init.ts')).initCommand,
  validate: async () => (await import('./validate.ts')).validateCommand,
  info: async () => (await import('./info.ts')).infoCommand,
  schema: async () => (await import('./schema.ts')).schemaCommand,
  completion: async () => (await import('./completion.ts')).completionCommand,
  man: async () => (await import('./man.ts')).manCommand,
};
