import { setImmediate } from 'node:timers/promises';
import { type GroupDimension, groupPositions } from '../../../core/sample-groups.ts';
import { type Log, SILENT_LOG } from '../../../core/log.ts';
import { SAMPLE_OUTCOMES } from '../../../events/sample-columns.ts';
import { decodePrompts } from '../../../events/prompts-codec.ts';
import type { FramePlace } from '../../../runlog/read.ts';
import { readSamples } from '../../../runlog/samples.ts';
import { FrameKind } from '../../../transport/frame.ts';
import type { RequestFacets, RequestRow } from '../../../web/request-table.ts';
import { readLogHeader } from '../../run-folder/log-header.ts';
import type { RunDirectory } from '../../run-folder/run-directory.ts';
import type { RunHeader } from '../../run-folder/run-header.ts';
import { logReaderOf } from '../../run-folder/run-log.ts';
import { LogStretches } from './log-stretches.ts';
import { REQUEST_BYTES, RequestColumns, UNKNOWN } from './request-columns.ts';

/** Requests of a run that are listed, 252 MB of them; of a larger run the first that were issued. */
export const MOST_LISTED = 4_000_000;
/** Conversations whose ids can be searched for and shown. */
const MOST_CONVERSATION_IDS = 100_000;
/** Error types that a filter offers. */
const MOST_ERROR_FACETS = 200;
/** While a log is read, samples wait in memory in so many chunks, 42 MB, and the others in a file without a name. */
const RESIDENT_CHUNKS = 4;

/** Rows of the dataset whose prompts are in one frame. */
interface PromptPlace {
  readonly firstRow: number;
  readonly rows: number;
  readonly place: FramePlace;
}

/** The requests of one run in memory: what the table sorts and filters by, and where in the log the rest of each is. */
export class RequestIndex {
  readonly header: RunHeader;
  /** In the log; {@link columns} may hold fewer. */
  readonly recorded: number;
  readonly columns: RequestColumns;
  readonly stretches: LogStretches;
  readonly conversationIds: ReadonlyMap<number, string>;
  readonly facets: RequestFacets;
  readonly #texts: readonly (string | null)[];
  readonly #prompts: readonly PromptPlace[];

  private constructor(parts: {
    readonly header: RunHeader;
    readonly recorded: number;
    readonly columns: RequestColumns;
    readonly stretches: LogStretches;
    readonly conversationIds: ReadonlyMap<number, string>;
    readonly texts: readonly (string | null)[];
    readonly prompts: readonly PromptPlace[];
  }) {
    this.header = parts.header;
    this.recorded = parts.recorded;
    this.columns = parts.columns;
    this.stretches = parts.stretches;
    this.conversationIds = parts.conversationIds;
    this.#texts = parts.texts;
    this.#prompts = parts.prompts;
    this.facets = this.#facets();
  }

  /** Reads a run log, in turns. `onRead` hears how many bytes of it are read. Throws as reading does. */
  static async read(
    directory: RunDirectory,
    log: Log = SILENT_LOG,
    onRead: (bytes: number) => void = () => undefined,
  ): Promise<RequestIndex> {
    directory.requireEvents('list');
    const header = await readLogHeader(directory);
    const reader = logReaderOf(directory, log);
    const stretches = new LogStretches();
    const prompts: PromptPlace[] = [];
    const stored = await readSamples(reader, {
      residentChunks: RESIDENT_CHUNKS,
      onBatch: (batch, frame) => {
        stretches.add(batch, frame, reader.offset);
        onRead(reader.offset);
      },
      onOtherFrame: (frame) => {
        if (frame.kind !== FrameKind.prompts) return;
        const { firstRow, prompts: rows } = decodePrompts(frame.body);
        prompts.push({ firstRow, rows: rows.length, place: { offset: reader.offset, seq: frame.seq } });
      },
    });
    try {
      const columns = new RequestColumns(Math.min(stored.count, MOST_LISTED));
      for (const chunk of stored.chunks()) {
        columns.add(chunk);
        await setImmediate();
      }
      const ids = [...stored.conversationIds].slice(0, MOST_CONVERSATION_IDS);
      return new RequestIndex({
        ...{ header, columns, stretches, prompts },
        recorded: stored.count,
        texts: stored.texts,
        conversationIds: new Map(ids),
      });
    } finally {
      stored.close();
    }
  }

  /** Of memory, about. */
  get bytes(): number {
    return this.columns.seqs.length * REQUEST_BYTES;
  }

  get isOwn(): boolean {
    return this.header.published_by === undefined;
  }

  /** Where a request is in the columns; undefined for none of that number. */
  positionOf(seq: number): number | undefined {
    const position = this.columns.seqs.indexOf(seq);
    return position === -1 ? undefined : position;
  }

  /** The frame with the prompt of a row of the dataset, and which of its prompts it is. */
  promptPlaceOf(row: number): { readonly place: FramePlace; readonly nth: number } | undefined {
    const found = this.#prompts.find(({ firstRow, rows }) => row >= firstRow && row < firstRow + rows);
    return found && { place: found.place, nth: row - found.firstRow };
  }

  errorAt(position: number): string | null {
    return this.#texts[this.columns.errorTypes[position]!] ?? null;
  }

  finishReasonAt(position: number): string | null {
    return this.#texts[this.columns.finishReasons[position]!] ?? null;
  }

  /** The value of a request in a dimension such as `endpoint`; null where the run has none. */
  groupValueAt(dimension: string, position: number): string | null {
    return this.groupValue(dimension, this.columns.groups[position]!);
  }

  /** The same by the code of a group in the columns. */
  groupValue(dimension: string, code: number): string | null {
    const { groups = [] } = this.header;
    const at = groups.findIndex(({ name }) => name === dimension);
    const positions = at === -1 ? undefined : groupPositions(groups, code - 1);
    return positions === undefined ? null : groups[at]!.values[positions[at]!]!;
  }

  /** Every text of the log's columns and its code. */
  texts(): readonly (string | null)[] {
    return this.#texts;
  }

  rowAt(position: number): RequestRow {
    const { columns } = this;
    const whole = (column: Uint32Array) => (column[position] === UNKNOWN ? null : column[position]!);
    const span = (column: Float32Array) => (Number.isNaN(column[position]) ? null : column[position]!);
    return {
      seq: columns.seqs[position]!,
      issuedNs: columns.issuedNs[position]!,
      isMeasured: columns.measured[position] === 1,
      outcome: SAMPLE_OUTCOMES[columns.outcomes[position]!]!,
      error: this.errorAt(position),
      finishReason: this.finishReasonAt(position),
      endpoint: this.groupValueAt('endpoint', position),
      model: this.groupValueAt('model', position),
      conversation: whole(columns.conversations),
      turn: whole(columns.turns),
      datasetRow: whole(columns.datasetRows),
      attempts: columns.attempts[position]!,
      issueDelayNs: span(columns.issueDelayNs),
      ttftNs: span(columns.ttftNs),
      tpotNs: span(columns.tpotNs),
      latencyNs: span(columns.latencyNs),
      chunks: columns.chunks[position]!,
      inputTokens: whole(columns.inputTokens),
      outputTokens: whole(columns.outputTokens),
    };
  }

  #facets(): RequestFacets {
    const { count, outcomes, errorTypes, conversations } = this.columns;
    const seenOutcomes = new Set<number>();
    const seenErrors = new Set<number>();
    let hasConversations = false;
    for (let i = 0; i < count; i++) {
      seenOutcomes.add(outcomes[i]!);
      seenErrors.add(errorTypes[i]!);
      hasConversations ||= conversations[i] !== UNKNOWN;
    }
    return {
      outcomes: SAMPLE_OUTCOMES.filter((_, code) => seenOutcomes.has(code)),
      endpoints: valuesOf(this.header.groups, 'endpoint'),
      models: valuesOf(this.header.groups, 'model'),
      errors: [...seenErrors]
        .flatMap((code) => this.#texts[code] ?? [])
        .toSorted()
        .slice(0, MOST_ERROR_FACETS),
      hasConversations,
    };
  }
}

function valuesOf(groups: readonly GroupDimension[] | undefined, dimension: string): readonly string[] {
  return groups?.find(({ name }) => name === dimension)?.values ?? [];
}
