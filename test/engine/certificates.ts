import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from './raw-server.ts';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority of its own, which signs certificates into a folder of its own. */
export class TestAuthority {
  readonly path = mkdtempSync(join(tmpdir(), 'inferometer-tls-'));
  readonly caFile = this.#file('ca.pem');
  readonly ca: string;

  constructor() {
    const out = ['-keyout', this.#file('ca.key'), '-out', this.caFile];
    this.#openssl('req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=authority', ...out);
    this.ca = readFileSync(this.caFile, 'utf8');
  }

  /** Signs a certificate, such as for `DNS:llm.test`; one of `-1` days has expired. */
  sign(name: string, subjectAltName = 'DNS:localhost,IP:127.0.0.1', days = 2): TlsFiles {
    const { certFile, keyFile } = this.files(name);
    const request = this.#file(`${name}.csr`);
    this.#openssl('req', ...KEY, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request);
    writeFileSync(this.#file(`${name}.ext`), `subjectAltName=${subjectAltName}`);
    const authority = ['-CA', this.caFile, '-CAkey', this.#file('ca.key'), '-CAcreateserial'];
    const extensions = ['-extfile', this.#file(`${name}.ext`)];
    this.#openssl(
      ...['x509', '-req', '-in', request, ...authority, '-days', String(days), ...extensions],
      ...['-out', certFile],
    );
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }

  /** Encrypts the key of a certificate; returns the file. */
  encryptKey(name: string): string {
    const encrypted = this.#file(`${name}.encrypted.key`);
    const { keyFile } = this.files(name);
    this.#openssl('pkey', '-in', keyFile, '-aes128', '-passout', 'pass:hunter2', '-out', encrypted);
    return encrypted;
  }

  files(name: string) {
    return { certFile: this.#file(`${name}.pem`), keyFile: this.#file(`${name}.key`) };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.path, name);
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
