/** Every command and what the list of commands says of it: known without loading the command itself. */
export const COMMANDS = {
  run: 'Load-tests an OpenAI-compatible endpoint.',
  watch: 'Shows a run live from another terminal; attach and leave at will.',
  report: 'Rebuilds the report of a run from its run log, also of a run that was killed.',
  'serve-mock': 'Serves a mock LLM that knows the truth about its own times.',
  demo: 'Starts the mock LLM server, load-tests it and prints the report.',
  calibrate:
    "Measures this machine's own error against a mock server that knows the truth; later reports quote it.",
} as const;
export type CommandName = keyof typeof COMMANDS;
