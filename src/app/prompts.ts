import type { PromptData } from '../core/model-output.ts';
import { PayloadEncoder } from '../events/payload.ts';
import { encodePromptsFrame } from '../events/prompts-codec.ts';

/** Bytes of prompts gathered into one frame, about. */
const BYTES_PER_FRAME = 2 ** 20;

/** What each dataset row asks, as unsealed frames of the run log: each prompt once, however often it is sent. */
export function* promptFrames(prompts: readonly PromptData[]): Generator<Uint8Array, void, undefined> {
  const encoder = new PayloadEncoder();
  let firstRow = 0;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  for (const [row, prompt] of prompts.entries()) {
    const bytes = encoder.promptData(prompt);
    gathered.push(bytes);
    gatheredBytes += bytes.length;
    if (gatheredBytes < BYTES_PER_FRAME && row < prompts.length - 1) continue;
    yield encodePromptsFrame({ firstRow, prompts: gathered });
    firstRow = row + 1;
    gathered = [];
    gatheredBytes = 0;
  }
}
