import { setImmediate } from 'node:timers/promises';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { countedText, countText } from '../../core/quantity-text.ts';
import type { Dataset, DatasetRow } from '../../dataset/open-dataset.ts';
import { datasetError } from '../../dataset/row.ts';
import { loadTokenizer } from '../../tokens/tokenizer.ts';
import { noteText } from '../notes.ts';
import type { Workload } from '../open-workload.ts';
import { OUT_OF_ORDER } from '../order-watch.ts';
import { isTemplateKnown, type PromptUse, UNKNOWN_TEMPLATE } from '../synthesis/prompt-counter.ts';
import { TracePrompts } from '../synthesis/trace-prompts.ts';
import { type Opening, openings, turnsLeftOut } from './opening.ts';
import { type ReplayOptions, replayWindow } from './replay-window.ts';
import { type HistoryChoice, type PlannedTurn, plannedTurns } from './planned-turns.ts';
import { type PlacedTurn, turnRow } from './turn-row.ts';

export interface WorkloadDatasetOptions {
  readonly workload: Workload;
  /** Of the model; needed for turns that have only a length. */
  readonly tokenizerPath: string | undefined;
  readonly use: PromptUse;
  readonly seed: number;
  /** Undefined when the load is another than the file's. */
  readonly replay: ReplayOptions | undefined;
  readonly log: Log;
}

/**
 * The conversations of a workload: as rows, one for each, or as all of their turns; in order of time where they are replayed, else in that of
 * the file.
 */
export interface WorkloadDataset extends Dataset {
  /** Reads them once, instead of the rows. Throws as `rows` and `plannedTurns` do. */
  conversations(history: HistoryChoice): Iterable<readonly PlannedTurn[]>;
  /** When each row is due; undefined when it is not replayed. */
  readonly dueNs: SharedArrayBuffer | undefined;
}

/** More than there are conversations: keeps the numbers of their turns apart. */
const CONVERSATIONS = 2 ** 32;

/** The event loop gets its turn this often. */
const TURN_MS = 50;

/**
 * Makes a dataset of a workload. One that is replayed is read twice, first for its times: what lies outside of the window, or behind the end of the
 * run, takes 8 bytes a conversation and no text. Says what is odd and what is not sent.
 *
 * Throws `InferometerError` (input) for a replay of what has no times, a window without arrivals, lengths without a tokenizer, and what
 * `loadTokenizer` throws.
 */
export async function workloadDataset(options: WorkloadDatasetOptions): Promise<WorkloadDataset> {
  const { workload, replay, log } = options;
  const texts = await textsOf(options);
  const window = replay && replayWindow(workload.path, await timesOf(workload), replay);
  // Complete already when it was read for its times.
  const notes = window && workload.notes;
  if (
    window !== undefined &&
    window.outOfOrder > 0 &&
    !notes!.some(({ text }) => text.startsWith(OUT_OF_ORDER))
  ) {
    log.warning(
      `${workload.path}: ${countedText(window.outOfOrder, 'arrival')} of the trace out of order; all are sent in order of time`,
    );
  }
  return { name: workload.path, rows, conversations, skipped: [], dueNs: window?.dueNs };

  function sent(): Iterable<Opening> {
    const all = openings(workload.conversations());
    return window === undefined ? all : inOrder(all, window.order);
  }

  function* conversations(history: HistoryChoice): Generator<readonly PlannedTurn[]> {
    let turnCount = 0;
    for (const { conversation, index } of sent()) {
      const turns = plannedTurns(conversation, history, (placed, at) => texts(placed, index, at));
      yield turns;
      turnCount += turns.length;
    }
    tell(turnCount);
  }

  function* rows(): Generator<DatasetRow> {
    let count = 0;
    let leftOut = 0;
    for (const opening of sent()) {
      const { place } = opening.conversation;
      yield { values: turnRow(opening, () => texts(opening, opening.index, 0)), place };
      count += 1;
      leftOut += turnsLeftOut(opening);
    }
    tell(count);
    if (leftOut > 0) {
      const turns = leftOut === 1 ? '1 later turn is' : `${countText(leftOut)} later turns are`;
      log.warning(
        `${workload.path}: only the first turn of each conversation is sent; ${turns} left out (--multi-turn sends them)`,
      );
    }
  }

  function tell(count: number): void {
    if (count === 0)
      throw datasetError(
        workload.path,
        'has no request that can be sent: all failed when they were recorded',
      );
    for (const note of notes ?? workload.notes) log.warning(noteText(note));
    texts.tell(count);
  }
}

/** The times of all conversations that are sent, in the order of the file. */
async function timesOf(workload: Workload): Promise<Float64Array> {
  const times: number[] = [];
  let turnEndsMs = performance.now() + TURN_MS;
  for (const { startMs, conversation } of openings(workload.conversations())) {
    if (startMs === null) {
      const { name, title } = workload.format;
      throw datasetError(
        conversation.place(),
        `has no time to replay it at; it is read as ${title} (--format ${name}). Without --replay, a load such as --rate sends it`,
      );
    }
    times.push(startMs);
    if (performance.now() < turnEndsMs) continue;
    await setImmediate();
    turnEndsMs = performance.now() + TURN_MS;
  }
  if (times.length === 0)
    throw datasetError(workload.path, 'has no request that can be sent: all failed when they were recorded');
  return Float64Array.from(times);
}

/** Those with these indexes, in this order; what is in order already is not kept. */
function* inOrder(all: Iterable<Opening>, order: Uint32Array): Generator<Opening> {
  const first = order[0]!;
  if (order.every((index, rank) => index === first + rank)) {
    for (const opening of all) {
      if (opening.index >= first + order.length) return;
      if (opening.index >= first) yield opening;
    }
    return;
  }
  const ranks = new Map(Array.from(order, (index, rank) => [index, rank]));
  const ranked: Opening[] = [];
  for (const opening of all) {
    const rank = ranks.get(opening.index);
    if (rank !== undefined) ranked[rank] = opening;
  }
  yield* ranked;
}

/** Makes the text of a turn that has only a length. */
interface Texts {
  /** `index`: of the conversation; `at`: of the turn in it. */
  (placed: PlacedTurn, index: number, at: number): string;
  /** Says what was generated, if anything was. */
  tell(rows: number): void;
}

async function textsOf({ workload, tokenizerPath, use, seed, log }: WorkloadDatasetOptions): Promise<Texts> {
  const tokenizer = tokenizerPath === undefined ? undefined : await loadTokenizer(tokenizerPath);
  let prompts: TracePrompts | undefined;
  let made = 0;
  const texts = ({ conversation, turn }: PlacedTurn, index: number, at: number): string => {
    const { inputTokens, blocks } = turn;
    if (inputTokens === null) throw datasetError(conversation.place(), 'asks nothing that can be sent');
    if (tokenizer === undefined) throw tokenizerMissing(workload.path);
    if (prompts === undefined) {
      prompts = new TracePrompts(tokenizer, use, seed);
      if (!isTemplateKnown(tokenizer, use)) log.warning(`${workload.path}: ${UNKNOWN_TEMPLATE}`);
    }
    made += 1;
    const scope = conversation.hasOwnBlocks === true ? String(index) : '';
    return prompts.prompt({ inputTokens, blocks, scope, id: index + at * CONVERSATIONS });
  };
  const tell = (rows: number) => {
    if (prompts === undefined) return;
    const { overheadTokens, raised, inexact } = prompts;
    const around =
      overheadTokens === 0 ? '' : `, ${countedText(overheadTokens, 'token')} of each around its text`;
    const others = made === rows ? '' : ` of ${countText(rows)}`;
    log.info(`generated the text of ${countText(made)}${others} prompts that have only lengths${around}`);
    if (raised > 0) {
      log.warning(
        `${workload.path}: ${countText(raised)} of ${countedText(made, 'length')} were too short for what stands around a prompt and were raised to ${overheadTokens + 1}`,
      );
    }
    if (inexact > 0) {
      log.warning(
        `${workload.path}: ${countText(inexact)} of ${countedText(made, 'prompt')} could not be made to the token`,
      );
    }
  };
  return Object.assign(texts, { tell });
}

function tokenizerMissing(path: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_CONFIG_INVALID',
    'input',
    `${path}: has lengths instead of prompts; --tokenizer, the tokenizer.json of the model, is needed to make up texts of these lengths`,
  );
}
