import { workerData } from 'node:worker_threads';
import { RequestArena } from '../dataset/arena.ts';
import { TurnTable } from '../dataset/turn-table.ts';
import { createSampleOrder } from '../plan/sample-order.ts';
import { numberInPlan } from '../plan/share.ts';
import type { ReadAheadStart } from './read-ahead.ts';
import { COUNTERS } from './worker-messages.ts';

/** Bytes that are read before they are due, at most. */
const AHEAD_BYTES = 128 * 2 ** 20;
/** Requests, likewise: those of small rows come too fast to be read one by one for long. */
const AHEAD_ROWS = 8192;
/** How long this thread waits for requests to be sent before it looks again. */
const PAUSE_MS = 5;
/** How many it reads between two looks. */
const ROWS_AT_ONCE = 64;

const { arenas, turns, order, segment, progress } = workerData as ReadAheadStart;
const { ticketCounter, counters, samplesBefore } = progress;
const requests = arenas.map((arena) => RequestArena.fromShared(arena));
const table = turns && new TurnTable(turns);
const tickets = createSampleOrder(order);
const turnsPerTicket = table === undefined ? 1 : table.turnCount / table.conversationCount;
const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Tickets that were sent, or begun; in open loop, which counts samples only, about so many. */
function sentTickets(): number {
  let samples = -samplesBefore;
  for (const ofWorker of counters) samples += Atomics.load(ofWorker, COUNTERS.issued) >>> 0;
  return Math.max(Atomics.load(ticketCounter, 0), Math.floor(samples / turnsPerTicket));
}

/** Bytes of the requests of ticket `index` of the segment, which are in the system's cache now. */
function readTicket(index: number): number {
  const row = tickets.rowOf(numberInPlan(index, segment));
  const first = table === undefined ? row : table.firstTurnOf(row);
  const count = table === undefined ? 1 : table.turnCountOf(row);
  let bytes = 0;
  for (let turn = first; turn < first + count && bytes < AHEAD_BYTES; turn++) {
    for (const arena of requests) bytes += arena.requestBytes(turn).length;
    if (table?.isLive(turn) === true) bytes += table.messagesOf(turn).length;
  }
  return bytes;
}

let next = 0;
let aheadBytes = 0;
/** Bytes of the tickets that were read and not yet sent, by their order. */
const ahead: number[] = [];
let firstAhead = 0;
for (;;) {
  const sent = sentTickets();
  for (; firstAhead < Math.min(sent, next); firstAhead++) aheadBytes -= ahead.shift() ?? 0;
  if (sent > next) firstAhead = next = sent;
  let read = 0;
  while (read < ROWS_AT_ONCE && aheadBytes < AHEAD_BYTES && next - sent < AHEAD_ROWS) {
    const bytes = readTicket(next);
    ahead.push(bytes);
    aheadBytes += bytes;
    next += 1;
    read += 1;
  }
  if (read === 0) Atomics.wait(pause, 0, 0, PAUSE_MS);
}
