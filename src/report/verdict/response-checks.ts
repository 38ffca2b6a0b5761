import { countText } from '../../core/quantity-text.ts';
import { type Check, check, type Judgement, note } from './check.ts';
import type { VerdictFacts } from './facts.ts';

/** Whether the responses are what was asked for. What is odd about them changes no time, so these are notes. */
export const RESPONSE_CHECKS: readonly Check[] = [
  check('not_streamed', '', '', judgeStreaming),
  check('empty_responses', '', '', judgeEmpty),
  check('other_model', '', '', judgeModel),
  check('no_token_counts', '', '', judgeTokenCounts),
];

function judgeStreaming({ responses }: VerdictFacts): Judgement {
  if (!responses || responses.unstreamed === 0) return undefined;
  return note(
    `${countText(responses.unstreamed)} of ${countText(responses.succeeded)} responses were not streamed, although a stream was requested: ` +
      'they have no TTFT and no TPOT; use --streaming off if the server cannot stream, or look for a proxy that collects responses',
  );
}

function judgeEmpty({ responses }: VerdictFacts): Judgement {
  if (!responses || responses.empty === 0) return undefined;
  return note(
    `${countText(responses.empty)} of ${countText(responses.succeeded)} responses are empty: they count as successes, ` +
      'and their latency is that of no output; check the prompts, the stop settings and the output limit',
  );
}

function judgeModel({ client }: VerdictFacts): Judgement {
  const name = client?.otherModel ?? null;
  if (name === null) return undefined;
  return note(
    `the endpoint responds as model "${name}", which no request asks for: check --model, and whether the server or a gateway puts another ` +
      'model behind that name',
  );
}

function judgeTokenCounts({ responses, outputTokens = null, isCounted = true }: VerdictFacts): Judgement {
  if (!responses || isCounted || outputTokens !== null || responses.succeeded === responses.empty)
    return undefined;
  return note(
    'the server reports no token counts, so there are no figures about output tokens and no TPOT: count them with --tokenizer, ' +
      'or ask the server for them with --usage on (streams of --api chat and completions)',
  );
}
