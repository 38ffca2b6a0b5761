import { lstat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { InferometerError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import type {
  LogReading,
  RequestDetail,
  RequestPage,
  RequestQuery,
  RequestTables,
} from '../../../web/request-table.ts';
import { isRunning } from '../../run-folder/process-identity.ts';
import { readManifest, type RunDirectory } from '../../run-folder/run-directory.ts';
import { readTrail } from './read-request.ts';
import { RequestIndex } from './request-index.ts';
import { orderedPositions } from './request-order.ts';

/** Memory for the requests of runs that were looked at; the run looked at last is kept whatever it takes. */
const MOST_BYTES = 2 ** 28;
/** Orders kept of a run, 4 bytes a request found in each. */
const KEPT_ORDERS = 4;
/** A call waits so long for a log to be read, and then tells how far it is. */
const PATIENCE_MS = 300;

interface Entry {
  readonly stamp: string;
  readonly bytes: number;
  bytesRead: number;
  index: RequestIndex | undefined;
  readonly reading: Promise<RequestIndex>;
  readonly orders: Map<string, Promise<Uint32Array>>;
}

/** The requests of the runs in a folder. A log is read once, when its requests are first asked for; one after another. */
export class RequestLibrary implements RequestTables {
  readonly #find: (name: string) => Promise<RunDirectory | undefined>;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  #turn: Promise<unknown> = Promise.resolve();

  /** `find`: the folder of the run of that name, if the list has one. */
  constructor(find: (name: string) => Promise<RunDirectory | undefined>, log: Log) {
    this.#find = find;
    this.#log = log;
  }

  async page(
    name: string,
    query: RequestQuery,
    offset: number,
    limit: number,
  ): Promise<RequestPage | LogReading | undefined> {
    const opened = await this.#open(name);
    if (opened?.index === undefined) return opened?.reading;
    const { index, entry } = opened;
    const order = await orderOf(entry, index, query);
    return {
      recorded: index.recorded,
      listed: index.columns.count,
      found: order.length,
      startedAt: index.header.started_at,
      facets: index.facets,
      offset,
      rows: Array.from(order.subarray(offset, offset + limit), (position) => index.rowAt(position)),
    };
  }

  async request(
    name: string,
    seq: number,
    query: RequestQuery,
  ): Promise<RequestDetail | LogReading | undefined> {
    const opened = await this.#open(name);
    if (opened?.index === undefined) return opened?.reading;
    const { index, entry, directory } = opened;
    const position = index.positionOf(seq);
    if (position === undefined) return undefined;
    const trail = await readTrail(directory, index, position);
    const order = await orderOf(entry, index, query);
    const place = order.indexOf(position);
    const seqAt = (at: number) => (at < 0 || at >= order.length ? null : index.columns.seqs[order[at]!]!);
    return {
      row: index.rowAt(position),
      conversationId: index.conversationIds.get(index.columns.conversations[position]!) ?? null,
      startedAt: index.header.started_at,
      ...trail,
      previous: place === -1 ? null : seqAt(place - 1),
      next: place === -1 ? null : seqAt(place + 1),
      place: place === -1 ? null : place,
      found: order.length,
    };
  }

  async #open(
    name: string,
  ): Promise<
    | { readonly index: RequestIndex; readonly entry: Entry; readonly directory: RunDirectory }
    | { readonly index: undefined; readonly reading: LogReading }
    | undefined
  > {
    const directory = await this.#find(name);
    if (directory === undefined) return undefined;
    refuseRunning(directory);
    const entry = await this.#entry(name, directory);
    const index =
      entry.index ?? (await Promise.race([entry.reading, sleep(PATIENCE_MS, undefined, { ref: false })]));
    if (index === undefined) return { index, reading: { bytesRead: entry.bytesRead, bytes: entry.bytes } };
    return { index, entry, directory };
  }

  async #entry(name: string, directory: RunDirectory): Promise<Entry> {
    const { mtimeMs, size } = await lstat(directory.recordPath);
    const stamp = `${mtimeMs} ${size}`;
    const known = this.#entries.get(name);
    this.#entries.delete(name);
    const entry = known?.stamp === stamp ? known : this.#read(name, directory, stamp, size);
    this.#entries.set(name, entry);
    return entry;
  }

  #read(name: string, directory: RunDirectory, stamp: string, bytes: number): Entry {
    const reading = this.#turn.then(() =>
      RequestIndex.read(directory, this.#log, (bytesRead) => (entry.bytesRead = bytesRead)),
    );
    const entry: Entry = { ...{ stamp, bytes, bytesRead: 0, index: undefined }, reading, orders: new Map() };
    this.#turn = reading.then(
      (index) => {
        entry.index = index;
        this.#forget();
      },
      // Whoever asks next tries again.
      () => this.#entries.get(name) === entry && this.#entries.delete(name),
    );
    return entry;
  }

  /** Lets go of the runs that were not looked at for longest. */
  #forget(): void {
    const ready = [...this.#entries].filter(([, { index }]) => index !== undefined);
    let bytes = ready.reduce((sum, [, { index }]) => sum + index!.bytes, 0);
    for (const [name, { index }] of ready.slice(0, -1)) {
      if (bytes <= MOST_BYTES) return;
      bytes -= index!.bytes;
      this.#entries.delete(name);
    }
  }
}

/** Each order is made once, whoever asks for it meanwhile. */
function orderOf({ orders }: Entry, index: RequestIndex, query: RequestQuery): Promise<Uint32Array> {
  const key = JSON.stringify(query);
  const order = orders.get(key) ?? orderedPositions(index, query);
  orders.delete(key);
  orders.set(key, order);
  const [oldest] = orders.keys();
  if (orders.size > KEPT_ORDERS) orders.delete(oldest!);
  return order;
}

function refuseRunning(directory: RunDirectory): void {
  const manifest = readManifest(directory);
  if (manifest?.outcome.state !== 'running' || !isRunning(manifest.main_process)) return;
  throw new InferometerError(
    'INFEROMETER_REQUESTS_RUNNING',
    'input',
    'the run is still going on; its requests are listed once it has ended',
  );
}
