import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WENT_THROUGH } from '../process/program.ts';
import { vocabularies } from '../workload/vocabularies.ts';
import { readRecording } from './event-player.ts';
import { counterOf, recordMessage, ServiceBench } from './service-bench.ts';

const QWEN = vocabularies().find(({ name }) => name === 'Qwen 3')!;
const { messages: recorded } = readRecording('streaming');

let bench: ServiceBench;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(() => bench.end());

describe('SIGTERM', () => {
  it('while nobody publishes ends at once and leaves nothing', async () => {
    const program = bench.start([
      ...['aggregate', '--connect', `ipc://${bench.file('nobody')}`, '--out', bench.file('run')],
    ]);
    await program.waitForOutput(/watch it with/);
    program.child.kill('SIGTERM');
    expect((await program.finished).code).toBe(130);
    expect(existsSync(bench.file('run'))).toBe(false);
  });

  it('before the session starts leaves an interrupted run that goes on later', async () => {
    const { program, player } = await bench.startAggregator();
    // Its connection is told of, and nothing of a session yet.
    await player.play([recordMessage('error.generic', 5e9)]);
    await bench.waitForLogged('error.generic');
    program.child.kill('SIGTERM');
    const { code, stderr } = await program.finished;
    expect(code, stderr).toBe(130);
    expect(bench.finalSnapshot().state).toBe('interrupted');
    expect(bench.outcomeState()).toBe('interrupted');
    const resumed = bench.start(['aggregate', '--out', bench.file('run')]);
    await player.waitForSubscriber();
    await player.play(recorded);
    await resumed.finished;
    expect(bench.finalSnapshot().state).toBe('complete');
    expect(counterOf(bench.finalSnapshot(), 'tracked_samples_completed')).toBe(60);
  });

  it('while the publisher is away ends with what has arrived', async () => {
    const { program, player } = await bench.startAggregator();
    await player.play(recorded.slice(0, -1));
    await bench.waitForIssued(program, 60);
    player.close();
    await program.waitForOutput(/went away before its session ended/);
    program.child.kill('SIGTERM');
    expect((await program.finished).code).toBe(130);
    expect(bench.finalSnapshot().state).toBe('interrupted');
    expect(counterOf(bench.finalSnapshot(), 'tracked_samples_issued')).toBe(60);
  });

  it('while tokens are counted gives the rest up, and a resumed run counts it', async () => {
    const tokenizer = bench.file('tokenizer.json');
    writeFileSync(tokenizer, JSON.stringify(QWEN.definition));
    const flags = ['--tokenizer', tokenizer, '--drain-timeout', '0'];
    const { program, player } = await bench.startAggregator(...flags, '--publish-interval', '0');
    await player.play(longAnswers(12));
    await bench.waitForLogged('session.ended');
    // Counting takes seconds.
    await sleep(200);
    program.child.kill('SIGTERM');
    const { code, stderr } = await program.finished;
    expect(code, stderr).toBe(130);
    const snapshot = bench.finalSnapshot();
    expect(snapshot).toMatchObject({ state: 'interrupted' });
    expect(snapshot.n_pending_tasks).toBeGreaterThan(0);
    expect(counterOf(snapshot, 'tracked_samples_completed')).toBe(12);
    const resumed = bench.start(['aggregate', '--out', bench.file('run'), ...flags]);
    expect(WENT_THROUGH).toContain((await resumed.finished).code);
    expect(bench.finalSnapshot()).toMatchObject({ state: 'complete', n_pending_tasks: 0 });
  });

  it('while tokens are counted is the success of a service that a launcher started', async () => {
    const tokenizer = bench.file('tokenizer.json');
    writeFileSync(tokenizer, JSON.stringify(QWEN.definition));
    mkdirSync(bench.file('metrics'));
    const { program, player } = await bench.startAggregator(
      ...['--tokenizer', tokenizer, '--publish-interval', '0', '--metrics-output-dir', bench.file('metrics')],
    );
    await player.play(longAnswers(12));
    await bench.waitForLogged('session.ended');
    await sleep(200);
    program.child.kill('SIGTERM');
    const { code, stderr } = await program.finished;
    expect(code, stderr).toBe(0);
    const snapshot = bench.finalSnapshot('metrics/final_snapshot.json');
    expect(snapshot.state).toBe('interrupted');
    expect(snapshot.n_pending_tasks).toBeGreaterThan(0);
  });
});

/** A session of samples whose tokens take long to count: no two texts are the same, and each is long. */
function longAnswers(count: number): readonly Uint8Array[] {
  const startNs = 1e12;
  const samples = Array.from({ length: count }, (_, i) => {
    const uuid = i.toString(16).padStart(32, '0');
    const text = Array.from({ length: 20_000 }, (__, word) => `${(word * 7919 + i) % 9973}`).join(' ');
    return [
      recordMessage('sample.issued', startNs + i, uuid),
      recordMessage('sample.complete', startNs + i + 100, uuid, {
        data: ['TextModelOutput', text, null, null],
      }),
    ];
  });
  return [
    recordMessage('session.started', startNs),
    recordMessage('session.start_performance_tracking', startNs),
    ...samples.flat(),
    recordMessage('session.stop_performance_tracking', startNs + 2000),
    recordMessage('session.ended', startNs + 2000),
  ];
}
