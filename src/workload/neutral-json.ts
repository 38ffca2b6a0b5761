import type { Json } from '../metrics/snapshot.ts';
import { SeenBlocks } from './blocks.ts';
import type { Conversation, Recorded, Turn } from './conversation.ts';

const HISTORIES: Readonly<Record<Conversation['history'], string>> = {
  none: 'none: each turn is a whole request',
  live: "live: each turn adds its messages, the server's responses are kept",
  recorded: 'recorded: each turn brings the history of the file',
};

/**
 * Turns conversations into the structure of `dataset show --json`: the same whatever the format, so that readings can be compared. To be
 * called in the order of the file: it counts the blocks that earlier prompts began with.
 */
export class NeutralWriter {
  readonly #shared = new SeenBlocks();

  conversation(conversation: Conversation): Json {
    return this.#write(conversation, conversation.hasOwnBlocks === true ? new SeenBlocks() : this.#shared);
  }

  #write(conversation: Conversation, seen: SeenBlocks): Json {
    const { id, startMs, history, system, turns, children, facts } = conversation;
    const written = turns.map((turn) => turnJson(turn, seen));
    return {
      id,
      start_ms: startMs,
      history: HISTORIES[history],
      ...defined({
        system,
        starts_after_parent_turn: conversation.startsAfterParentTurn,
        recorded_end_ms: conversation.recordedEndMs,
        not_joined: conversation.notJoined,
      }),
      ...(facts as Record<string, Json>),
      turns: written,
      children: children.map((child) => this.#write(child, seen)),
    };
  }
}

function turnJson(turn: Turn, seen: SeenBlocks): Json {
  const { blocks, starts } = turn;
  return {
    waits_for: turn.waitsFor as Json,
    delay_ms: turn.delayMs,
    due_ms: turn.dueMs,
    input_tokens: turn.inputTokens,
    output_tokens: turn.outputTokens,
    messages: turn.messages as Json,
    model: turn.model,
    shared_prefix_blocks:
      blocks === null
        ? null
        : {
            block_tokens: blocks.blockTokens,
            ids: blocks.ids,
            last_block_tokens: blocks.lastBlockTokens,
            tokens_after_last_block: blocks.tokensAfterLastBlock,
            leading_blocks_seen_before: seen.add(blocks),
          },
    ...defined({
      payload: turn.payload,
      path: turn.path,
      tools: turn.tools,
      extra_body: turn.extraBody,
      images: turn.images,
      starts_children: starts?.map(({ ids, mode, isJoined, atMs }) => ({
        ids,
        mode,
        joined: isJoined,
        at_ms: atMs,
      })),
    }),
    ...recordedJson(turn.recorded),
    ...(turn.facts as Record<string, Json>),
  };
}

function recordedJson(recorded: Recorded | undefined): Record<string, Json> {
  return defined({
    recorded_answer: recorded?.answer,
    recorded_service_ms: recorded?.serviceMs,
    recorded_think_ms: recorded?.thinkMs,
    recorded_model: recorded?.model,
    recorded_failure: recorded?.hasFailed,
  });
}

/** Without what is missing. */
function defined(values: Readonly<Record<string, unknown>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Record<
    string,
    Json
  >;
}
