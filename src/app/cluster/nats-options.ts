/** Where NATS is, and what we show there. Paths of files, so that no key is on a command line. */
export interface NatsOptions {
  readonly urls: readonly string[];
  /** Credentials of a user, as `nsc` writes them. */
  readonly credsPath?: string | undefined;
  /** The seed of an nkey. */
  readonly nkeyPath?: string | undefined;
  readonly tlsCaPath?: string | undefined;
  readonly tlsCertPath?: string | undefined;
  readonly tlsKeyPath?: string | undefined;
}

/** Protocols of an address. `tls` insists on TLS. */
export const NATS_URL = /^(?:nats|tls):\/\/[^\s]+$/;
export const NATS_URL_ALLOWED = 'nats://host:4222 or tls://host:4222';
