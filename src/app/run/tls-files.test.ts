import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TestAuthority } from '../../../test/engine/certificates.ts';
import { InferometerError } from '../../core/errors.ts';
import { readTlsFiles } from './tls-files.ts';

const authority = new TestAuthority();
afterAll(() => authority.remove());

const { cert, key } = authority.sign('one');
const { certFile, keyFile } = authority.files('one');
authority.sign('two');
const other = authority.files('two');

function file(name: string, text: string): string {
  const path = join(authority.path, name);
  writeFileSync(path, text);
  return path;
}

async function refusal(config: Parameters<typeof readTlsFiles>[0]): Promise<string> {
  try {
    await readTlsFiles(config);
  } catch (error) {
    if (error instanceof InferometerError && error.kind === 'input') return error.message;
    throw error;
  }
  return 'accepted';
}

test('reads authorities, a certificate and its key, which may be in one file', async () => {
  const given = {
    ca_file: authority.caFile,
    cert_file: certFile,
    key_file: keyFile,
    server_name: 'llm.test',
  };
  expect(await readTlsFiles(given)).toEqual({ ca: authority.ca, cert, key, serverName: 'llm.test' });
  const both = file('both.pem', cert + key);
  expect(await readTlsFiles({ cert_file: both })).toMatchObject({ cert: cert + key, key: cert + key });
  expect(await readTlsFiles({})).toEqual({});
});

const DAMAGED = cert.replace(/\n[^-]{30}/, '\nAAAA');

test.each<[string, Parameters<typeof readTlsFiles>[0], string]>([
  ['no file', { ca_file: '/none.pem' }, '--ca /none.pem: cannot be read (ENOENT'],
  ['a key for authorities', { ca_file: keyFile }, 'one.key: has no PEM certificate'],
  ['a damaged authority', { ca_file: file('bad.pem', cert + DAMAGED) }, 'its certificate 2 is damaged'],
  ['no key', { cert_file: certFile }, 'one.pem: has no PEM private key; name the file of the key with --key'],
  ['a certificate for a key', { cert_file: certFile, key_file: certFile }, 'has no PEM private key'],
  ['an encrypted key', { cert_file: certFile, key_file: authority.encryptKey('one') }, 'is encrypted'],
  [
    'the key of another certificate',
    { cert_file: certFile, key_file: other.keyFile },
    `two.key: the private key does not match the first certificate of --cert ${certFile}`,
  ],
])('refuses %s', async (_, config, message) => {
  const told = await refusal(config);
  expect(told).toContain(message);
  expect(told).not.toMatch(/PRIVATE KEY-----|[A-Za-z0-9+/]{60}/);
});
