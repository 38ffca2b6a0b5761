import { RandomSource } from '../../core/random.ts';
import { datasetError } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import type { Reading, WorkloadFormat } from '../format.ts';
import { aiperfTurn } from './aiperf-turn.ts';

/** Any fixed number: the same file gives the same draws. */
const SEED = 1;

/**
 * aiperf's random_pool: a file is a pool of entries, and each request draws one from every file of the folder, with replacement. Looks as
 * single-turn rows do, so it must be named. As many requests as the largest pool has entries.
 */
export const AIPERF_RANDOM_POOL: WorkloadFormat = {
  name: 'aiperf-random-pool',
  title: 'aiperf random pool',
  read: readPools,
};

function* readPools({ source, notes }: Reading): Generator<Conversation> {
  const pools = source.files.map((file) => {
    const entries = [...file.rows()].map((raw) => aiperfTurn(new Fields(raw.read(), raw.place), notes).turn);
    if (entries.length === 0) throw datasetError(file.path, 'has no rows');
    return entries;
  });
  const random = new RandomSource(SEED);
  const requests = pools.reduce((most, { length }) => Math.max(most, length), 0);
  for (let index = 0; index < requests; index++) {
    const drawn = pools.map((pool) => pool[random.below(pool.length)]!);
    yield {
      id: `(draw ${index})`,
      place: () => source.path,
      startMs: null,
      history: 'none',
      turns: [together(drawn)],
      children: [],
    };
  }
}

/** One request of what was drawn from each pool. */
function together(drawn: readonly Turn[]): Turn {
  const [only] = drawn as [Turn, ...Turn[]];
  if (drawn.length === 1) return only;
  const contents = drawn.flatMap(({ messages }) => messages!.flatMap(({ content }) => content));
  const images = drawn.flatMap((turn) => turn.images ?? []);
  return {
    ...PLAIN_TURN,
    messages: [{ role: 'user', content: contents }],
    ...(images.length === 0 ? {} : { images }),
  };
}
