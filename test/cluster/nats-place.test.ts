import { expect, test } from 'vitest';
import { openNats } from '../../src/app/cluster/nats-place.ts';
import { natsOptionsOf } from '../../src/cli/cluster-flags.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { NATS_SERVER, NatsServer, WITHOUT_NATS } from './nats-server.ts';

test.skipIf(NATS_SERVER === undefined).each([
  ['a user and a password that begins with digits', ['--user', 'load', '--pass', '123abc'], 'load:123abc'],
  ['a token', ['--auth', '9token'], '9token'],
])(`NATS is reached with %s in the URL${WITHOUT_NATS}`, async (_, flags, userInfo) => {
  const server = await NatsServer.start(...flags);
  try {
    const url = server.url.replace('//', `//${userInfo}@`);
    const place = await openNats({ urls: [url] }, 'test', SILENT_LOG);
    expect(place.address).not.toContain(userInfo);
    await place.close();
  } finally {
    await server.end();
  }
});

test.each(['http://me:hunter22@host:4222', 'nats://me:hunter 22@host:4222', 'me:hunter22@host'])(
  'a URL that is refused is shown without its password: %s',
  (url) => {
    expect(() => natsOptionsOf({ nats: [url] })).toThrow(/redacted@host/);
    expect(() => natsOptionsOf({ nats: [url] })).not.toThrow(/hunter/);
  },
);
