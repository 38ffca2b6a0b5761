import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorText } from '../../src/core/errors.ts';
import { NeutralWriter } from '../../src/workload/neutral-json.ts';
import { noteText } from '../../src/workload/notes.ts';
import { openWorkload } from '../../src/workload/open-workload.ts';
import { DEPARTURES, FORCED, NOT_BROKEN, READ_BY } from './readings.ts';

const here = import.meta.dirname;
const FIXTURES = join(here, 'fixtures');
const EXPECTED = join(here, 'expected');

type Values = Readonly<Record<string, unknown>>;
interface Turn extends Values {
  readonly messages: readonly { readonly content: unknown }[];
  readonly waits_for: readonly unknown[];
  readonly delay_ms: number | null;
}
interface Conversation extends Values {
  readonly id: string;
  readonly turns: readonly Turn[];
  readonly children: readonly Conversation[];
}

function fixturesNamed(prefix: string): readonly string[] {
  return readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(FIXTURES, name)).map((file) => `${name}/${file}`))
    .filter((path) => path.split('/')[1]!.startsWith(prefix));
}

async function readingOf(
  fixture: string,
): Promise<{ readonly conversations: Conversation[]; readonly notes: string[] }> {
  const workload = await openWorkload(join(FIXTURES, fixture), FORCED[fixture]);
  const writer = new NeutralWriter();
  const conversations = [...workload.conversations()].map(
    (one) => writer.conversation(one) as unknown as Conversation,
  );
  return { conversations, notes: workload.notes.map(noteText) };
}

/** The right reading where there is one, else that of the peer whose format it is. */
function expectedOf(fixture: string): Conversation[] {
  const names = readdirSync(join(EXPECTED, fixture.split('/')[0]!)).map(
    (name) => `${fixture.split('/')[0]!}/${name}`,
  );
  const readers = ['right', ...(READ_BY[fixture.split('/')[0]!] ?? [])];
  const name = readers.map((reader) => `${fixture}.${reader}.json`).find((one) => names.includes(one))!;
  return (JSON.parse(readFileSync(join(EXPECTED, name), 'utf8')) as { conversations: Conversation[] })
    .conversations;
}

/** What readings are compared by: what is sent, and when. Names that a peer made up are none of it. */
const COMPARED_TURN = [
  ...['due_ms', 'input_tokens', 'output_tokens', 'messages', 'model', 'shared_prefix_blocks'],
  ...[
    'payload',
    'path',
    'tools',
    'extra_body',
    'images',
    'starts_children',
    'recorded_answer',
    'recorded_failure',
  ],
] as const;
/** Told by no more than some readings. */
const IF_TOLD: readonly string[] = [
  'shared_prefix_blocks',
  'recorded_answer',
  'tools',
  'starts_children',
  'model',
];

function comparable(conversation: Conversation, told: Conversation, fixture: string): Values {
  const { id, system = null, start_ms: startMs, turns, children } = conversation;
  const ignored = DEPARTURES[fixture]?.fields ?? [];
  return {
    id: told.id.startsWith('(') ? '(made up)' : id,
    system,
    start_ms: rounded(startMs),
    turns: turns.map((turn, index) => {
      const toldTurn = told.turns[index] ?? ({} as Turn);
      return {
        waits_for: [...turn.waits_for].map(String).sort(),
        delay_ms:
          ignored.includes('delay_ms') || (turn.waits_for.length === 0 && (turn.delay_ms ?? 0) === 0)
            ? null
            : rounded(turn.delay_ms),
        ...Object.fromEntries(
          COMPARED_TURN.filter((name) => !ignored.includes(name))
            .filter((name) => !IF_TOLD.includes(name) || (toldTurn[name] ?? null) !== null)
            .map((name) => [name, parsedArguments(rounded(turn[name] ?? null))]),
        ),
      };
    }),
    children: children.map((child, index) => comparable(child, told.children[index] ?? child, fixture)),
  };
}

function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

/** The arguments of a call are JSON text, whose spaces mean nothing. */
function parsedArguments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(parsedArguments);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name === 'arguments' && typeof item === 'string'
        ? (JSON.parse(item) as unknown)
        : parsedArguments(item),
    ]),
  );
}

describe('files that are right', () => {
  it.each(fixturesNamed('good-').filter((fixture) => DEPARTURES[fixture]?.isDrawn !== true))(
    '%s',
    async (fixture) => {
      const pick = DEPARTURES[fixture]?.pick ?? ((all) => all);
      const conversations = pick((await readingOf(fixture)).conversations) as Conversation[];
      const expected = pick(expectedOf(fixture)) as Conversation[];
      expect(conversations.map((one, index) => comparable(one, expected[index] ?? one, fixture))).toEqual(
        expected.map((one) => comparable(one, one, fixture)),
      );
    },
  );
});

describe('files that are wrong', () => {
  it('are refused, or read with a note, each with its place', async () => {
    const said: string[] = [];
    for (const fixture of fixturesNamed('bad-')) {
      const { outcome, texts } = await outcomeOf(fixture);
      said.push(`${fixture}\n  ${outcome}: ${texts.join('\n  noted: ')}`);
      if (NOT_BROKEN[fixture] === undefined)
        expect(texts.length, `${fixture} is read without a word`).toBeGreaterThan(0);
    }
    await expect(`${said.join('\n')}\n`).toMatchFileSnapshot(join(here, 'bad-files.txt'));
  });
});

it('says that audio and video of aiperf are not sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-formats-'));
  const path = join(folder, 'audio.jsonl');
  const rows = [
    { text: 'what is it?', audio: 'wav,AAAA' },
    { text: 'and this?', video: 'data:video/mp4;base64,AA' },
  ];
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  const workload = await openWorkload(path, 'aiperf-single-turn');
  expect([...workload.conversations()]).toHaveLength(2);
  rmSync(folder, { recursive: true });
  expect(workload.notes.map(noteText)).toEqual([
    `${path}:1: audio is not sent`,
    `${path}:2: video is not sent`,
  ]);
});

async function outcomeOf(
  fixture: string,
): Promise<{ readonly outcome: 'refused' | 'noted'; readonly texts: string[] }> {
  try {
    const { notes } = await readingOf(fixture);
    return { outcome: 'noted', texts: notes.map(short) };
  } catch (error) {
    return { outcome: 'refused', texts: [short(errorText(error))] };
  }
}

function short(text: string): string {
  return text.replaceAll(`${FIXTURES}/`, '');
}
