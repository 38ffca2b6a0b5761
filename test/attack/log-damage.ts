import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepFinalSnapshot } from '../../src/app/reports/report-files.ts';
import { replayRun } from '../../src/app/fold/replay.ts';
import { RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { RandomSource } from '../../src/core/random.ts';
import { FRAME_HEADER_BYTES, type FrameKind, openFrame, sealFrame } from '../../src/transport/frame.ts';
import { framesOfRun, manifestOf, writeRun } from './attack-run.ts';
import { type AttackReader, readFolders, type ReaderOutcome } from './readers.ts';

/** One way to damage a log: the frames of a sound one, all of its bytes, whatever is left of them. */
export interface DamageOperator {
  readonly name: string;
  /** A run that ended has lost something: no reader may call it anything but invalid. */
  readonly isLoss: boolean;
  readonly apply: (frames: readonly Uint8Array[], random: RandomSource) => Uint8Array;
}

const LAST = -1;

export const DAMAGE_OPERATORS: readonly DamageOperator[] = [
  loss('cut at a byte', (frames, random) => {
    const whole = Buffer.concat(frames);
    return whole.subarray(0, 1 + random.below(whole.length - 1));
  }),
  loss('cut between frames', (frames, random) =>
    Buffer.concat(frames.slice(0, 1 + random.below(frames.length - 1))),
  ),
  loss('flip a bit', (frames, random) => {
    const whole = Buffer.concat(frames);
    whole[random.below(whole.length)]! ^= 1 << random.below(8);
    return whole;
  }),
  loss('zero a stretch', (frames, random) => {
    const whole = Buffer.concat(frames);
    const from = random.below(whole.length);
    return whole.fill(0, from, Math.min(whole.length, from + 1 + random.below(2000)));
  }),
  loss('duplicate a frame', (frames, random) => {
    const at = random.below(frames.length - 1);
    return Buffer.concat(frames.toSpliced(at, 0, frames[at]!));
  }),
  loss('remove a frame', (frames, random) => Buffer.concat(frames.toSpliced(random.below(frames.length), 1))),
  loss('swap two frames', (frames, random) => {
    const at = random.below(frames.length - 2);
    return Buffer.concat(frames.toSpliced(at, 2, frames[at + 1]!, frames[at]!));
  }),
  loss('put noise between frames', (frames, random) =>
    Buffer.concat(
      frames.toSpliced(random.below(frames.length - 1), 0, noise(1 + random.below(5000), random)),
    ),
  ),
  nonsense('another body', (body, random) => noise(random.below(2 * body.length + 40), random)),
  nonsense('bytes changed', (body, random) => {
    for (let i = 0; i <= random.below(8); i++) body[random.below(body.length)] = random.below(256);
    return body;
  }),
  nonsense('a huge number', (body, random) => {
    const at = Math.max(0, random.below(body.length) - 8);
    const odd = [NaN, Infinity, -Infinity, 1e300, -1e300, 2 ** 53, -1, 0.5][random.below(8)]!;
    if (body.length >= 8) Buffer.from(body.buffer, body.byteOffset, body.length).writeDoubleLE(odd, at);
    return body;
  }),
  nonsense('cut short', (body, random) => body.subarray(0, random.below(body.length))),
  nonsense('made longer', (body, random) => Buffer.concat([body, noise(1 + random.below(64), random)])),
  nonsense('other JSON', (body, random) => otherJson(body, random)),
  resealed('another kind', (frame, random) => [frame.kind + 1 + random.below(7), frame.seq]),
  resealed('another number', (frame, random) => [
    frame.kind,
    [0, frame.seq + 1, frame.seq + 1000, 2 ** 45, frame.seq - 1][random.below(5)]!,
  ]),
];

/** What is known of a run beside its log: whether it ended, was killed, or left nothing; with or without the final snapshot. */
const SETTINGS = ['ended', 'ended, final snapshot kept', 'killed', 'only the log'] as const;

interface DamagedRun {
  readonly path: string;
  /** Seed, operator, setting: all it takes to make it again. */
  readonly name: string;
  readonly mustBeInvalid: boolean;
}

/** One seeded round: damages some logs, lets all readers at them, and tells what went wrong with the input that made it. */
export async function logDamageRound(seed: number, logs = 24): Promise<readonly string[]> {
  const home = mkdtempSync(join(tmpdir(), 'inferometer-damage-'));
  try {
    const runs: DamagedRun[] = [];
    for (let i = 0; i < logs; i++) runs.push(await damagedRun(join(home, `${i}`, 'run'), seed, i));
    const outcomes = await readFolders(
      runs.map(({ path }) => path),
      READERS,
    );
    return runs.flatMap((run) => {
      const own = outcomes.filter(({ path }) => path === run.path);
      return faultsOf(run, own).map((fault) => `${run.name}: ${fault}`);
    });
  } finally {
    rmSync(home, { recursive: true });
  }
}

const READERS: readonly AttackReader[] = ['report', 'serve', 'watch', 'compare', 'samples', 'events', 'plot'];

async function damagedRun(path: string, seed: number, index: number): Promise<DamagedRun> {
  const random = new RandomSource(seed * 1_000_003 + index);
  const { name, isLoss, apply } = DAMAGE_OPERATORS[index % DAMAGE_OPERATORS.length]!;
  const setting = SETTINGS[random.below(SETTINGS.length)]!;
  writeRun(path);
  if (setting === 'ended, final snapshot kept') {
    const directory = RunDirectory.open(path);
    const { snapshot } = (await replayRun(directory, { log: SILENT_LOG }))!;
    await keepFinalSnapshot(directory, { source: 'replay of the run log', snapshot });
  } else if (setting === 'only the log') {
    for (const file of ['run.json', 'config.yaml']) unlinkSync(join(path, file));
  } else if (setting === 'killed') {
    writeFileSync(join(path, 'run.json'), JSON.stringify(manifestOf('running')));
  }
  writeFileSync(join(path, 'run.log'), apply(framesOfRun(), random));
  const mustBeInvalid = isLoss && setting.startsWith('ended');
  return { path, name: `seed ${seed}, log ${index} (${name}; ${setting})`, mustBeInvalid };
}

/** Of a comparison or a drawing, for which there may be too little left. */
const TOO_LITTLE: readonly unknown[] = [
  'INFEROMETER_COMPARE_EMPTY',
  'INFEROMETER_COMPARE_BASELINE',
  'INFEROMETER_PLOT_CHART',
];

function faultsOf({ mustBeInvalid }: DamagedRun, outcomes: readonly ReaderOutcome[]): string[] {
  const report = outcomes.find(({ reader }) => reader === 'report');
  if (report === undefined || report.kind === 'begun') return ['report did not come to an end'];
  const expected = verdictOf(report);
  return [
    ...(mustBeInvalid && expected !== 'invalid' && expected !== 'refused' ? [`report says ${expected}`] : []),
    ...(outcomes.length < READERS.length
      ? [`only ${outcomes.length} of ${READERS.length} readers ended`]
      : []),
    ...outcomes.flatMap((outcome) => {
      if (outcome.kind === 'hung') return [`${outcome.reader} hangs`];
      if (outcome.kind === 'refused' && outcome.code === null) return [`${outcome.reader}: ${outcome.text}`];
      if (outcome.kind === 'refused' && TOO_LITTLE.includes(outcome.code)) return [];
      const verdict = verdictOf(outcome);
      return verdict === expected ||
        (verdict === undefined && expected !== 'invalid' && expected !== 'refused')
        ? []
        : [`${outcome.reader} says ${verdict}, report says ${expected}`];
    }),
  ];
}

/** Its verdict, as text or by the warning it gives; undefined for one that has nothing to warn of. */
function verdictOf(outcome: ReaderOutcome): string | undefined {
  if (outcome.kind === 'refused') return 'refused';
  if (outcome.kind !== 'read') return outcome.kind;
  const warned = outcome.log.map((line) => /the run is ([A-Z]+):/.exec(line)?.[1]?.toLowerCase());
  return outcome.verdict ?? warned.find((level) => level !== undefined);
}

function loss(name: string, apply: DamageOperator['apply']): DamageOperator {
  return { name, isLoss: true, apply };
}

/** Changes the body of a frame and makes the checksum right again. */
function nonsense(
  name: string,
  change: (body: Uint8Array<ArrayBuffer>, random: RandomSource) => Uint8Array,
): DamageOperator {
  return {
    name: `nonsense: ${name}`,
    isLoss: false,
    apply: (frames, random) => {
      const at = random.below(frames.length);
      const { kind, seq, body } = frameIn(frames.at(at)!);
      const changed = body.length === 0 ? body : change(new Uint8Array(body), random);
      return Buffer.concat(frames.with(at, sealed(kind, seq, changed)));
    },
  };
}

function resealed(
  name: string,
  change: (frame: { kind: number; seq: number }, random: RandomSource) => readonly [number, number],
): DamageOperator {
  return {
    name: `nonsense: ${name}`,
    isLoss: false,
    apply: (frames, random) => {
      // Not the first: what has no header is refused by all alike.
      const at = 1 + random.below(frames.length + LAST);
      const frame = frameIn(frames.at(at)!);
      const [kind, seq] = change(frame, random);
      return Buffer.concat(frames.with(at, sealed(kind as FrameKind, Math.max(0, seq), frame.body)));
    },
  };
}

function sealed(kind: FrameKind, seq: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  bytes.set(body, FRAME_HEADER_BYTES);
  return sealFrame(bytes, kind, seq).bytes;
}

function frameIn(bytes: Uint8Array) {
  const frame = openFrame(bytes);
  if (typeof frame === 'string') throw new Error(frame);
  return frame;
}

function noise(length: number, random: RandomSource): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** A value somewhere in the JSON of a body replaced; other bodies become JSON. */
function otherJson(body: Uint8Array, random: RandomSource): Uint8Array {
  const odd = ([null, 'x', -1, 1e308, true, [], {}, [[1, 'x']]] as const)[random.below(8)]!;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString());
  } catch {
    return Buffer.from(JSON.stringify(odd));
  }
  if (typeof json !== 'object' || json === null) return Buffer.from(JSON.stringify(odd));
  const keys = Object.keys(json);
  const key = keys[random.below(keys.length)]!;
  return Buffer.from(JSON.stringify({ ...json, [key]: odd }));
}
