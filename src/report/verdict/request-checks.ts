import { countedText, countText } from '../../core/quantity-text.ts';
import { type Check, check, type Judgement, note } from './check.ts';
import type { VerdictFacts } from './facts.ts';

/** Whether what was asked is what the dataset and the settings say. */
export const REQUEST_CHECKS: readonly Check[] = [
  check('over_output_limit', '', '', judgeOutputLimit),
  check('rows_skipped', '', '', judgeSkippedRows),
  check('prompt_echoed', '', '', judgeEcho),
];

function judgeOutputLimit({ outputLimit = null, outputTokens = null }: VerdictFacts): Judgement {
  if (outputLimit === null || outputTokens === null || outputTokens.max <= outputLimit) return undefined;
  const { median, max } = outputTokens;
  return note(
    `responses are longer than the output limit that was sent: up to ${countedText(max, 'token')} (median ${countText(median)}),` +
      ` limit ${countText(outputLimit)}; a server that ignores the limit may know it by another name (--limit-field)`,
  );
}

function judgeSkippedRows({ skippedRows = 0 }: VerdictFacts): Judgement {
  if (skippedRows === 0) return undefined;
  return note(`${countedText(skippedRows, 'bad row')} of the dataset skipped (--skip-bad-rows)`);
}

function judgeEcho({ echoRows = 0 }: VerdictFacts): Judgement {
  return echoRows === 0 ? undefined : note(echoText(echoRows));
}

/** What it means for the times when so many requests ask for `echo` and are streamed. */
export function echoText(rows: number): string {
  return (
    `${countedText(rows, 'request')} of the dataset set "echo": the server streams the prompt first, so TTFT is the time to the prompt, ` +
    'not to the first generated token, and TPOT starts there too; remove "echo" to measure generation'
  );
}
