import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { RunConfig } from '../../config/schema.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { TlsSettings } from '../../engine/settings.ts';

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const ENCRYPTED_KEY = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

type TlsConfig = Pick<RunConfig['client'], 'ca_file' | 'cert_file' | 'key_file' | 'server_name'>;

/**
 * Reads the files that TLS needs, and tries them. Throws `INFEROMETER_TLS_FILE` (input) with the flag, the file and what is wrong with it; what
 * the files hold is in no message.
 */
export async function readTlsFiles(config: TlsConfig): Promise<TlsSettings> {
  const { ca_file: caFile, cert_file: certFile, key_file: keyFile, server_name: serverName } = config;
  const ca = caFile === undefined ? undefined : await readCertificates('--ca', caFile);
  const cert = certFile === undefined ? undefined : await readCertificates('--cert', certFile);
  const keyPlace = keyFile === undefined ? `--cert ${certFile}` : `--key ${keyFile}`;
  const key = keyFile === undefined ? cert : await readText('--key', keyFile);
  if (key !== undefined) checkKey(key, keyPlace, keyFile === undefined);
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    throw tlsFileError(
      cert === undefined ? `--ca ${caFile}` : keyPlace,
      contextFault(error, certFile),
      error,
    );
  }
  return { ca, cert, key, serverName };
}

async function readCertificates(flag: string, path: string): Promise<string> {
  const text = await readText(flag, path);
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw tlsFileError(
      `${flag} ${path}`,
      'has no PEM certificate (-----BEGIN CERTIFICATE-----); convert DER with openssl x509 -inform der',
    );
  }
  for (const [index, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw tlsFileError(`${flag} ${path}`, `its certificate ${index + 1} is damaged`, error);
    }
  }
  return text;
}

function checkKey(text: string, place: string, isCertificateFile: boolean): void {
  if (!PRIVATE_KEY.test(text)) {
    const instead = isCertificateFile ? '; name the file of the key with --key' : '';
    throw tlsFileError(place, `has no PEM private key${instead}`);
  }
  if (ENCRYPTED_KEY.test(text)) {
    throw tlsFileError(
      place,
      'the private key is encrypted; use an unencrypted one, such as --key <(openssl pkey -in FILE)',
    );
  }
}

function contextFault(error: unknown, certFile: string | undefined): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
    return `the private key does not match the first certificate of --cert ${certFile}`;
  }
  return `cannot be used (${errorText(error)})`;
}

async function readText(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw tlsFileError(`${flag} ${path}`, `cannot be read (${errorText(error)})`, error);
  }
}

function tlsFileError(place: string, what: string, cause?: unknown): InferometerError {
  return new InferometerError('INFEROMETER_TLS_FILE', 'input', `${place}: ${what}`, { cause });
}
