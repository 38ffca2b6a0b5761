/** Every command and what the list of commands says of it: known without loading the command itself. */
export const COMMANDS = {
  run: 'Load-tests an endpoint that serves a language model, over any of its APIs.',
  probe:
    'Finds out which APIs a server speaks, its models and what it supports, and suggests the run command to use.',
  quick: 'Tells in a minute what a server is, how fast it is, how many users it carries and what limits it.',
  sweep: 'Measures a server over a range of settings, such as concurrencies, and draws its Pareto front.',
  capacity: 'Finds the highest load at which a server keeps its SLOs, with an interval.',
  repeat: 'Repeats a run and reports how much its figures vary.',
  study: 'Continues or shows a study of many runs that sweep, capacity, repeat or quick has begun.',
  aggregate:
    "Aggregates the events of other programs, such as MLCommons endpoints', into a run like our own.",
  agent: "Connects to NATS, waits for shared runs, and sends this machine's part of the load.",
  watch: 'Shows a run live from another terminal; attach and detach at any time.',
  serve: 'Serves the live page of a run, past runs, and metrics for Prometheus.',
  history: 'Lists past runs and studies, by model, endpoint and tag.',
  report: 'Rebuilds the report of a run from its run log, also of a run that was killed.',
  compare: 'Tells whether runs differ from a baseline by more than chance and a margin.',
  plot: 'Draws the charts of a run, or of several overlaid, as SVG or PNG.',
  export:
    'Writes the samples of a run as a table (Parquet or CSV), its events, or a result file of another tool.',
  import: 'Makes a run of a result file of another load generator.',
  from: 'Turns a command line of aiperf, genai-perf, guidellm, vllm, sglang, inference-perf or llmperf into one of run.',
  dataset: 'Says what a dataset or a trace holds, and shows its conversations.',
  'serve-mock': 'Runs a mock LLM server that records its true timings (GET /truth).',
  demo: 'Starts the mock LLM server, load-tests it and prints the report.',
  calibrate:
    "Measures this machine's own error against a mock server that records its true timings; later reports quote it.",
  doctor: 'Checks whether this machine suits load tests, and says what to change.',
  init: 'Writes a commented config file to start from: chat, rag, agents, batch or ci.',
  validate:
    'Checks the settings of a run and tells everything that is wrong with them, without sending anything.',
  info: 'Shows what a run would do, without sending anything: requests, duration, load, memory, disk and warnings.',
  schema: 'Prints the JSON Schema of config files, for editors to check and complete them.',
  completion: 'Prints a script that completes commands, flags and values in bash, zsh or fish.',
  man: 'Prints the manual page, as roff.',
} as const;
export type CommandName = keyof typeof COMMANDS;
