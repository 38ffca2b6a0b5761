import { expect, it } from 'vitest';
import { withWholeFlags } from './whole-flags.ts';

it('cuts out each flag and leaves the rest as it is', () => {
  const parts = withWholeFlags('raise --max-connections, or lower --rate.', (flag) => ({ flag }));
  expect(parts).toEqual(['raise ', { flag: '--max-connections' }, ', or lower ', { flag: '--rate' }, '.']);
  expect(withWholeFlags('no flag - none', (flag) => ({ flag }))).toEqual(['no flag - none']);
});
