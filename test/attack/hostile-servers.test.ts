import { describe, expect, it } from 'vitest';
import { hostileServerRound, SERVER_ATTACKS, type ServerAttackName } from './hostile-servers.ts';

describe('a server that answers with', () => {
  it.each(Object.keys(SERVER_ATTACKS) as ServerAttackName[])('%s', async (attack) => {
    const { failures, input } = await hostileServerRound(1, 0, { attack, connections: 1 });
    expect(failures, JSON.stringify(input)).toEqual([]);
  });
});

describe('24 connections at once to a server that answers with', () => {
  it.each<ServerAttackName>(['an endless body', 'an endless stream', 'endless tool calls', 'a gzip bomb'])(
    '%s hold no more together than all responses may',
    async (attack) => {
      const { failures, input } = await hostileServerRound(1, 0, { attack, connections: 24 });
      expect(failures, JSON.stringify(input)).toEqual([]);
    },
  );
});
