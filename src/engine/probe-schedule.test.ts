import { expect, test } from 'vitest';
import { createSharedProbes, exponentialGapNs, ProbeTimes } from './probe-schedule.ts';

test('times of probes are whole ns, those of a probe that was held up too', () => {
  const times = new ProbeTimes(createSharedProbes());
  let dueNs = 0;
  for (let index = 0; index < 50; index++) {
    dueNs += exponentialGapNs(250, (index + 0.5) / 50);
    times.announce(dueNs);
    times.send(dueNs + (index % 2 === 0 ? 10 : 1e9));
    expect(times.dueNs(index)).toBe(Math.floor(dueNs));
    expect(times.sentNs(index)).toBe(index % 2 === 0 ? dueNs + 10 : Math.floor(dueNs));
  }
  expect(times.sent).toBe(50);
});
