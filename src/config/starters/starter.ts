/** What a person may say before a file is written. */
export interface StarterAnswers {
  readonly endpoint: string;
  readonly model: string;
  readonly dataset: string;
}

/** A config file to start from. */
export interface Starter {
  /** What it is for, after "for". */
  readonly about: string;
  readonly dataset: string;
  readonly text: (answers: StarterAnswers) => string;
}

/** The lines that each file begins with. */
export function head(command: string, { endpoint, model }: StarterAnswers): string {
  return `# ${command}
# Every setting: docs/configuration.md. For completion in editors, write the schema beside this file
# (inferometer schema > inferometer.schema.json) and keep the next line:
# yaml-language-server: $schema=inferometer.schema.json

# Repeat to spread requests over several servers. The API key belongs in INFEROMETER_API_KEY.
endpoints:
  - ${quoted(`\${ENDPOINT:-${endpoint}}`)}
model: ${quoted(`\${MODEL:-${model}}`)}
`;
}

/** Text as YAML reads it back, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
