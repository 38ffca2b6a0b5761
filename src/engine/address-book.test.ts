import { expect, test } from 'vitest';
import { AddressBook, type Turn } from './address-book.ts';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '::3'];

function order(turn: Turn): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    turn.lookup('localhost', { all: true }, (error, found) => {
      if (error !== null || typeof found === 'string') reject(error ?? new Error('one address'));
      else resolve(found.map(({ address }) => address));
    });
  });
}

test('each connection begins with the next address', async () => {
  const book = new AddressBook(ADDRESSES, 1);
  expect(await order(book.next())).toEqual(['10.0.0.2', '::3', '10.0.0.1']);
  expect(await order(book.next())).toEqual(['::3', '10.0.0.1', '10.0.0.2']);
  expect(await order(book.next())).toEqual(ADDRESSES);
});

test('an address that failed comes last until a connection to it stands', async () => {
  const book = new AddressBook(ADDRESSES, 0);
  const failing = book.next();
  await order(failing);
  failing.connected('10.0.0.2');
  for (let nth = 0; nth < 4; nth++) expect((await order(book.next())).at(-1)).toBe('10.0.0.1');
  const again = book.next();
  await order(again);
  again.connected('10.0.0.1');
  const firsts = new Set<string>();
  for (let nth = 0; nth < 6; nth++) firsts.add((await order(book.next()))[0]!);
  expect(firsts).toContain('10.0.0.1');
});

test('an address that the system writes in another way has not failed', async () => {
  const book = new AddressBook(['0:0::1', '10.0.0.2'], 0);
  const turn = book.next();
  await order(turn);
  turn.connected('::1');
  book.next();
  expect(await order(book.next())).toEqual(['0:0::1', '10.0.0.2']);
});

test('a name is looked up once, and a failure is not remembered', async () => {
  const tookMs: number[] = [];
  const book = new AddressBook(undefined, 0, (ms) => tookMs.push(ms));
  const orders = await Promise.all([order(book.next()), order(book.next())]);
  for (const addresses of [...orders, await order(book.next())]) expect(addresses).toContain('127.0.0.1');
  expect(tookMs).toHaveLength(1);
  const missing = new AddressBook(undefined, 0).next();
  await expect(
    new Promise((resolve) =>
      missing.lookup('does-not-exist.invalid', {}, (error) => resolve(error?.message)),
    ),
  ).resolves.toContain('does-not-exist.invalid');
});
