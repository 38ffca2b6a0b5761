import { describe, expect, it } from 'vitest';
import { SecretMask } from './secret-mask.ts';

function masked(text: string, ...secrets: string[]): string {
  const bytes = Buffer.from(text);
  new SecretMask(secrets).apply(bytes);
  return bytes.toString();
}

describe('SecretMask', () => {
  it('masks each occurrence and keeps the length', () => {
    expect(masked('bad key sk-0123456789, again sk-0123456789!', 'sk-0123456789')).toBe(
      'bad key *************, again *************!',
    );
  });
  it('masks what a cut left of a secret', () => {
    expect(masked('bad key sk-0123456', 'sk-0123456789')).toBe('bad key **********');
  });
  it('leaves what is no secret', () => {
    expect(masked('sk-012 and sk-9999999', 'sk-0123456789')).toBe('sk-012 and sk-9999999');
    expect(masked('nothing to hide')).toBe('nothing to hide');
  });
  it('masks several', () => {
    expect(masked('first-key second-key', 'first-key', 'second-key')).toBe('********* **********');
  });
  it('leaves bytes alone that only look like a key too short to be one', () => {
    expect(masked('x marks EMPTY columns', 'x', 'EMPTY')).toBe('x marks EMPTY columns');
  });
});
