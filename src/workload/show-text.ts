import { countedText, countText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_MS } from '../core/time.ts';
import { visibleLine } from '../core/visible-text.ts';
import type { Conversation, Message, Turn } from './conversation.ts';
import { type Note, noteText } from './notes.ts';
import type { Workload } from './open-workload.ts';
import type { Spread, WorkloadSummary } from './summary.ts';

const HISTORIES: Readonly<Record<Conversation['history'], string>> = {
  none: 'each request is whole',
  live: "history with this server's responses",
  recorded: 'history as recorded',
};
const SHOWN_CHARACTERS = 100;

/** A conversation for people: who waits for what, what is sent and how long it is. */
export function conversationText(conversation: Conversation, indent = ''): string {
  const { id, turns, children, system, history, startMs, startsAfterParentTurn } = conversation;
  const facts = [
    countedText(turns.length, 'turn'),
    ...(startsAfterParentTurn === undefined ? [] : [`started by turn ${startsAfterParentTurn + 1}`]),
    ...(startMs === null ? [] : [`starts at ${msText(startMs)}`]),
    ...(turns.length > 1 ? [HISTORIES[history]] : []),
  ];
  return [
    `${indent}${visibleLine(id)}: ${facts.join(', ')}`,
    ...(system === undefined ? [] : [`${indent}  system: ${short(system)}`]),
    ...turns.flatMap((turn, position) => turnLines(turn, position, `${indent}  `)),
    ...children.map((child) => conversationText(child, `${indent}    `)),
  ].join('\n');
}

function turnLines(turn: Turn, position: number, indent: string): string[] {
  const { waitsFor, delayMs, dueMs, inputTokens, outputTokens, blocks, messages, payload, recorded } = turn;
  const waits = waitsFor.map((one) => (typeof one === 'number' ? String(one + 1) : visibleLine(one)));
  const facts = [
    ...(waits.length === 0 ? [] : [`after ${waits.join(' and ')}`]),
    ...(delayMs === null || waits.length === 0 ? [] : [`${msText(delayMs)} later`]),
    ...(dueMs === null ? [] : [`due at ${msText(dueMs)}`]),
    ...(inputTokens === null ? [] : [countedText(inputTokens, 'input token')]),
    ...(blocks === null ? [] : [countedText(blocks.ids.length, `block`) + ` of ${blocks.blockTokens}`]),
    ...(outputTokens === null ? [] : [countedText(outputTokens, 'output token')]),
    ...(turn.model === null ? [] : [`model ${visibleLine(turn.model)}`]),
    ...(recorded?.hasFailed === true ? ['failed when recorded, not sent'] : []),
  ];
  const texts =
    payload === undefined
      ? (messages ?? []).map(messageText)
      : [`${visibleLine(turn.path ?? 'body')}: ${short(JSON.stringify(payload))}`];
  return [
    `${indent}${position + 1}. ${facts.length === 0 ? 'a request' : facts.join(', ')}`,
    ...texts.map((text) => `${indent}   ${text}`),
  ];
}

function messageText({ role, content, tool_calls: calls }: Message): string {
  const said =
    typeof content === 'string'
      ? content
      : content === null || content === undefined
        ? ''
        : JSON.stringify(content);
  const called = Array.isArray(calls) ? ` calls ${JSON.stringify(calls)}` : '';
  return `${visibleLine(String(role))}: ${short(said + called)}`;
}

function short(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return visibleLine(cut);
}

function msText(ms: number): string {
  return ms === 0 ? '0 s' : durationText(ms * NS_PER_MS);
}

/** What a workload is made of, for people. */
export function summaryText({ path, format, isDetected, notes }: Workload, summary: WorkloadSummary): string {
  const { spanMs, sharedTokens, histories, models } = summary;
  const facts: [string, string][] = [
    ['file', visibleLine(path)],
    ['format', `${format.title} (--format ${format.name}${isDetected ? ', by its content' : ''})`],
    ['conversations', countText(summary.conversations)],
    ['turns', countText(summary.turns)],
  ];
  if (summary.children > 0)
    facts.push(['sub-agents', `${countText(summary.children)}, started by turns of other conversations`]);
  const several = (Object.keys(histories) as Conversation['history'][]).filter((one) => histories[one] > 0);
  facts.push([
    'history',
    several
      .map((one) =>
        several.length === 1 ? HISTORIES[one] : `${countText(histories[one])}: ${HISTORIES[one]}`,
      )
      .join('; '),
  ]);
  if (models.length > 0) facts.push(['models', models.map(visibleLine).join(', ')]);
  if (spanMs !== null) facts.push(['time span', `${msText(spanMs)}${rateText(summary.turns, spanMs)}`]);
  if (summary.failed > 0)
    facts.push([
      'failed',
      `${countedText(summary.failed, 'turn')} failed when recorded and will not be sent`,
    ]);
  if (sharedTokens !== null) {
    const { shared, all } = sharedTokens;
    facts.push([
      'shared prefixes',
      `${countText(shared)} of ${countText(all)} input tokens (${percentText(shared / all)}) were in an earlier prompt as well`,
    ]);
  }
  return [
    ...alignColumns(facts.map(([name]) => [name])).map(
      (name, index) => `${name.padEnd(16)} ${facts[index]![1]}`,
    ),
    '',
    ...spreadLines(summary),
    ...noteLines(notes),
  ].join('\n');
}

function rateText(turns: number, spanMs: number): string {
  return turns < 2 || spanMs === 0
    ? ''
    : `, ${numberText(((turns - 1) / spanMs) * 1000)} requests/s on average`;
}

function spreadLines(summary: WorkloadSummary): string[] {
  const rows: [string, Spread | null, (value: number) => string][] = [
    ['turns of a conversation', summary.turnsPerConversation, numberText],
    ['input tokens', summary.inputTokens, numberText],
    ['output tokens', summary.outputTokens, numberText],
    ['characters of a prompt', summary.promptCharacters, numberText],
    ['delay before a turn', summary.delayMs, msText],
  ];
  const shown = rows.flatMap(([name, spread, text]) =>
    spread === null
      ? []
      : [
          [
            name,
            countText(spread.count),
            ...[spread.least, spread.median, spread.p90, spread.most].map(text),
          ],
        ],
  );
  return alignColumns([['', 'count', 'min', 'p50', 'p90', 'max'], ...shown]);
}

function noteLines(notes: readonly Note[]): string[] {
  return notes.length === 0
    ? []
    : ['', 'Worth knowing:', ...notes.map((note) => `- ${visibleLine(noteText(note))}`)];
}
