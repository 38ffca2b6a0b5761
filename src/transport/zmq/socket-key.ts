import { createPrivateKey, createPublicKey, hkdfSync, randomBytes } from 'node:crypto';
import { curveKeyPair } from 'zeromq';
import { InferometerError } from '../../core/errors.ts';

const KEY_BYTES = 32;
const DERIVATION = 'inferometer socket key 1';
/** An X25519 secret in PKCS #8, up to the 32 bytes themselves (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
/** ZeroMQ RFC 32. */
const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** A new key for a socket: 64 hex digits from the system's random source. Who has it may connect, and read all that is published. */
export function createSocketKey(): string {
  return randomBytes(KEY_BYTES).toString('hex');
}

/**
 * The key as it is used. Throws `INFEROMETER_TRANSPORT_KEY` (input), without showing it, unless it is 64 hex digits: whoever
 * listens on the network can try out guesses, so nothing shorter and nothing made up will do.
 */
export function checkSocketKey(key: string): string {
  const text = key.trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InferometerError(
    'INFEROMETER_TRANSPORT_KEY',
    'input',
    `the key of a socket must be 64 hex digits, as from: openssl rand -hex 32 (got ${text.length} characters)`,
  );
}

/**
 * ZeroMQ's CURVE (CurveZMQ, RFC 26) with a key that both ends share: the publisher's pair of keys is derived from it, so that only
 * who has it can name the publisher's public key, without which there is no handshake. All traffic is encrypted for each connection.
 */
export function curvePublisherOptions(key: string) {
  return { curveServer: true, curveSecretKey: encodeZ85(secretOf(key)) };
}

export function curveSubscriberOptions(key: string) {
  const secret = secretOf(key);
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, secret]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES);
  const own = curveKeyPair();
  return {
    curveServerKey: encodeZ85(publicKey),
    curvePublicKey: own.publicKey,
    curveSecretKey: own.secretKey,
  };
}

function secretOf(key: string): Buffer {
  return Buffer.from(
    hkdfSync('sha256', Buffer.from(checkSocketKey(key), 'hex'), Buffer.alloc(0), DERIVATION, KEY_BYTES),
  );
}

function encodeZ85(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    let value = bytes.readUInt32BE(at);
    let group = '';
    for (let digit = 0; digit < 5; digit++) {
      group = Z85[value % 85]! + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}
