import { same, secondsText, switched, type ToolFlag, valued } from './tool.ts';
import { TOOLS } from './tools.ts';

interface NamedFlag {
  readonly tool: string;
  readonly flag: ToolFlag;
}

/** Flags of load generators whose whole command lines are not translated: they know no models. */
const OTHERS: Readonly<Record<string, readonly ToolFlag[]>> = {
  perf_analyzer: [valued('--concurrency-range', '--concurrency N, one run for each')],
  'k6, Locust': [
    same('--vus --users', '--concurrency'),
    same('--iterations', '--samples'),
    valued('--spawn-rate', '--stages "ramp to N over TIME, …"'),
  ],
  'hey, oha, ab, wrk': [
    same('-c', '--concurrency'),
    same('-n', '--samples'),
    same('-q', '--rate'),
    same('-z', '--duration'),
    same('-d', '--duration', { value: (text) => (/\D$/.test(text) ? text : secondsText(text)) }),
    switched('--disable-keepalive', '--connections new'),
  ],
};

const ALL: readonly NamedFlag[] = [
  ...TOOLS.flatMap(({ name, flags }) => flags.map((flag) => ({ tool: name, flag }))),
  ...Object.entries(OTHERS).flatMap(([tool, flags]) => flags.map((flag) => ({ tool, flag }))),
];

/**
 * One line for each word of a command line that is a flag of another tool and none of ours: what to write here, with its value.
 */
export function familiarFlagLines(
  words: readonly string[],
  isOurs: (flag: string) => boolean,
): readonly string[] {
  const lines = words.flatMap((word, at) => {
    const [, name = word, attached] = /^(--[^=]+)=([^]*)$/.exec(word) ?? [];
    const known = name.startsWith('-') && !isOurs(name) ? ALL.filter(({ flag }) => isNamed(flag, name)) : [];
    const best = known.toSorted((a, b) => precision(b.flag) - precision(a.flag))[0];
    if (best === undefined) return [];
    const next = words[at + 1];
    const value = attached ?? (next === undefined || next.startsWith('--') ? undefined : next);
    return [`${name} is a flag of ${toolsOf(known)}; ${hereText(best.flag, value)}`];
  });
  return [...new Set(lines)];
}

function isNamed({ names }: ToolFlag, name: string): boolean {
  return names.includes(name) || names.includes(name.replaceAll('_', '-'));
}

/** How much is known of a value: which flag takes it, and how it is written. */
function precision({ same: ours }: ToolFlag): number {
  return ours === undefined ? 0 : ours.value === undefined ? 1 : 2;
}

function toolsOf(known: readonly NamedFlag[]): string {
  const names = [...new Set(known.map(({ tool }) => tool))];
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function hereText({ same: ours, takes, here, note }: ToolFlag, value: string | undefined): string {
  if (ours === undefined)
    return here === '' ? `there is no such flag here. ${note ?? ''}`.trim() : `here: ${here}`;
  if (takes === 'nothing') return `here: ${ours.flag}`;
  if (value === undefined) return `here: ${ours.flag}`;
  const translated = ours.value === undefined ? value : ours.value(value);
  return translated === undefined ? `leave it out here (${value})` : `here: ${ours.flag} ${translated}`;
}
