import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunHistory } from '../core/run-history.ts';
import type { LiveUpdate } from '../live/live-update.ts';
import { LiveChannel } from './live-channel.ts';

let channel: LiveChannel;
beforeEach(() => {
  channel = new LiveChannel();
});
afterEach(() => channel.close());

function update(issued: number, history?: number): LiveUpdate {
  return {
    view: { issued } as unknown as LiveUpdate['view'],
    history: history === undefined ? undefined : ({ end_ns: history } as unknown as RunHistory),
    distributions: {},
    verdict: undefined,
  };
}

/** A viewer that reads one event at a time. */
class Reader {
  readonly #reader = channel.open().getReader();

  async next(): Promise<{ readonly issued: number; readonly history: number | undefined } | undefined> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      const data = /^data: (.*)$/m.exec(new TextDecoder().decode(value))?.[1];
      if (data === undefined) continue;
      const { view, history } = JSON.parse(data) as LiveUpdate;
      return { issued: view.issued, history: history?.end_ns };
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}

describe('a viewer', () => {
  it('who joins late is given the state of now with the history', async () => {
    channel.push(update(1, 10), true);
    channel.push(update(2, 10), false);
    expect(await new Reader().next()).toEqual({ issued: 2, history: 10 });
  });

  it('gets the history again only when it is another one', async () => {
    const reader = new Reader();
    channel.push(update(1, 10), true);
    expect(await reader.next()).toEqual({ issued: 1, history: 10 });
    channel.push(update(2, 10), false);
    expect(await reader.next()).toEqual({ issued: 2, history: undefined });
    channel.push(update(3, 11), true);
    expect(await reader.next()).toEqual({ issued: 3, history: 11 });
  });

  it('who is slow skips to the newest update and misses no history', async () => {
    const [slow, fast] = [new Reader(), new Reader()];
    channel.push(update(0, 0), true);
    expect(await slow.next()).toMatchObject({ issued: 0 });
    for (let i = 1; i <= 1000; i++) {
      channel.push(update(i, 7), i === 500);
      if (i % 100 === 0) expect(await fast.next()).toMatchObject({ issued: i });
    }
    expect(await slow.next()).toEqual({ issued: 1000, history: 7 });
    channel.push(update(1001, 7), false);
    expect(await slow.next()).toEqual({ issued: 1001, history: undefined });
  });

  it('waits for the first update and is let go at the end', async () => {
    const reader = new Reader();
    const first = reader.next();
    channel.push(update(5), false);
    expect(await first).toMatchObject({ issued: 5 });
    const second = reader.next();
    channel.close();
    expect(await second).toBeUndefined();
  });

  it('shares what was encoded with the others', async () => {
    channel.push(update(1, 1), true);
    const readers = [channel.open().getReader(), channel.open().getReader()];
    const events = await Promise.all(
      readers.map(async (reader) => {
        await reader.read();
        return (await reader.read()).value;
      }),
    );
    expect(events[0]).toBe(events[1]);
  });

  it('is counted until it leaves', async () => {
    const readers = [new Reader(), new Reader()];
    expect(channel.viewers).toBe(2);
    await readers[0]!.leave();
    expect(channel.viewers).toBe(1);
  });
});
