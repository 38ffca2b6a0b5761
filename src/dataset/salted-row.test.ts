import { describe, expect, it, test } from 'vitest';
import type { RowValues } from './row.ts';
import { HEX_SALT, Salts } from './salt.ts';
import { type SaltPosition, saltedRow } from './salted-row.ts';

const place = () => 'p.jsonl:3';
const salted = (row: RowValues, position: SaltPosition, isConversation = false) =>
  saltedRow(row, 'SALT', position, { place, isConversation });
const user = (content: unknown) => ({ role: 'user', content });
const system = { role: 'system', content: 'be brief' };
const answer = { role: 'assistant', content: 'yes' };

test('salts are 64 bits in as many characters, the same for the same seed and number', () => {
  const salts = new Salts(HEX_SALT, 42, 'request');
  const texts = Array.from({ length: 5000 }, (_, key) => salts.textOf(key));
  expect(texts.every((text) => /^[0-9a-f]{16}$/.test(text))).toBe(true);
  expect(new Set(texts).size).toBe(5000);
  expect(new Salts(HEX_SALT, 42, 'request').textOf(17)).toBe(texts[17]);
  expect(new Salts(HEX_SALT, 42, 'row').textOf(17)).not.toBe(texts[17]);
  expect(new Salts(HEX_SALT, 43, 'request').textOf(17)).not.toBe(texts[17]);
});

describe('a salt', () => {
  it.each<[RowValues, SaltPosition, RowValues]>([
    [{ prompt: 'a', top_k: 1 }, 'prefix', { prompt: 'SALT a', top_k: 1 }],
    [{ prompt: 'a' }, 'suffix', { prompt: 'a SALT' }],
    [{ prompt: 'a', system: 's' }, 'system', { prompt: 'a', system: 'SALT s' }],
    [{ prompt: 'a' }, 'system', { prompt: 'a', system: 'SALT' }],
    [{ prompt: ['a', 'b'] }, 'suffix', { prompt: ['a', 'b SALT'] }],
    [
      { messages: [system, user('a'), answer, user('b')] },
      'prefix',
      { messages: [system, user('SALT a'), answer, user('b')] },
    ],
    [
      { messages: [user('a'), answer, user('b')] },
      'suffix',
      { messages: [user('a'), answer, user('b SALT')] },
    ],
    [
      { messages: [system, user('a')] },
      'system',
      { messages: [{ ...system, content: 'SALT be brief' }, user('a')] },
    ],
    [{ messages: [user('a')] }, 'system', { messages: [{ role: 'system', content: 'SALT' }, user('a')] }],
    [
      { messages: [user([{ type: 'image_url' }, { type: 'text', text: 'a' }])] },
      'prefix',
      { messages: [user([{ type: 'image_url' }, { type: 'text', text: 'SALT a' }])] },
    ],
  ])('goes into %j as %s', (row, position, wanted) => {
    expect(salted(row, position)).toEqual(wanted);
  });

  it('of a conversation stays with its first message, so that later requests repeat it', () => {
    expect(salted({ messages: [user('a'), answer, user('b')] }, 'suffix', true)).toEqual({
      messages: [user('a SALT'), answer, user('b')],
    });
  });

  it.each<[RowValues, SaltPosition]>([
    [{ input_tokens: [1, 2] }, 'prefix'],
    [{ messages: [answer] }, 'suffix'],
    [{ messages: [user([{ type: 'image_url' }])] }, 'prefix'],
    [{ messages: [user(null)] }, 'prefix'],
  ])('has no place in %j as %s', (row, position) => {
    expect(() => salted(row, position)).toThrow(
      'p.jsonl:3: has no text of a user that a salt could be put into (--salt)',
    );
  });
});
