import type { Command } from 'commander';
import type { SloOptions } from '../app/reports/slo-files.ts';
import { givenText } from './flag-values.ts';

/** The flags about what becomes of SLOs. */
export interface SloFlags {
  readonly strict?: boolean;
  readonly junit?: string;
  readonly summaryMarkdown?: string;
}

export function addSloFlags(command: Command): Command {
  return command
    .option('--strict', 'an SLO that is undecided counts as missed')
    .option('--junit <file>', 'write the SLOs as JUnit XML, for CI')
    .option('--summary-markdown <file>', 'append a summary in Markdown, e.g. to "$GITHUB_STEP_SUMMARY"');
}

export function sloOptionsOf({ strict, junit, summaryMarkdown }: SloFlags): SloOptions {
  return {
    isStrict: strict === true,
    junitPath: givenText('--junit', junit, 'a file'),
    markdownPath: givenText('--summary-markdown', summaryMarkdown, 'a file'),
  };
}
