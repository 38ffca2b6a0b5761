/** Every command and what the list of commands says of it: known without loading the command itself. */
export const COMMANDS = {
  run: 'Load-tests an endpoint that serves a language model, over any of its APIs.',
  probe:
    'Finds out which APIs a server speaks, its models and what it supports, and suggests the run command to use.',
  aggregate:
    "Aggregates the events of other programs, such as MLCommons endpoints', into a run like our own.",
  watch: 'Shows a run live from another terminal; attach and detach at any time.',
  serve: 'Serves the live page of a run, past runs, and metrics for Prometheus.',
  report: 'Rebuilds the report of a run from its run log, also of a run that was killed.',
  compare: 'Tells whether runs differ from a baseline by more than chance and a margin.',
  plot: 'Draws the charts of a run, or of several overlaid, as SVG or PNG.',
  export: 'Writes the samples of a run as a table, one row each: Parquet or CSV.',
  dataset: 'Says what a dataset or a trace holds, and shows its conversations.',
  'serve-mock': 'Runs a mock LLM server that records its true timings (GET /truth).',
  demo: 'Starts the mock LLM server, load-tests it and prints the report.',
  calibrate:
    "Measures this machine's own error against a mock server that records its true timings; later reports quote it.",
} as const;
export type CommandName = keyof typeof COMMANDS;
