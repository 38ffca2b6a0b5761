import type { Given } from './given.ts';
import type { Lengths } from './meaning.ts';

/** `ttft:300`, `time_to_first_token:200 inter_token_latency:25`: limits in ms by the names that all tools are read into. */
export function goodputOf(texts: readonly string[]): Readonly<Record<string, number>> | undefined {
  const pairs = texts
    .flatMap((text) => text.split(/[\s,]+/))
    .flatMap((text) => {
      const [, name, value] = /^([^:]+):(.+)$/.exec(text) ?? [];
      return name === undefined ? [] : [[METRICS[name] ?? name, Number(value)] as const];
    });
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

const METRICS: Readonly<Record<string, string>> = {
  time_to_first_token: 'ttft',
  inter_token_latency: 'itl',
  time_per_output_token: 'tpot',
  request_latency: 'e2el',
};

/** `NAME: value`, `NAME:value` or `NAME=value`, whichever the tool has. */
export function headersOf(
  given: Given,
  name: string,
  separator: ':' | '=',
): Readonly<Record<string, string>> | undefined {
  const pairs = given.texts(name).map((text) => {
    const at = text.indexOf(separator);
    if (at < 1) throw given.error(name, separator === '=' ? 'NAME=VALUE' : 'NAME:VALUE', text);
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()] as const;
  });
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

/** An address that may lack its scheme, without what stands behind a last slash. */
export function urlOf(text: string): string {
  return (/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`).replace(/\/$/, '');
}

/** A number where nothing varies, else a normal distribution. */
export function normalLengths(mean: number | undefined, stddev: number | undefined): Lengths {
  if (mean === undefined) return { tokens: null };
  return stddev === undefined || stddev === 0 ? { tokens: mean } : { normal: { mean, stddev } };
}

/** Numbers where there are any. */
export function definedOf<T extends Readonly<Record<string, unknown>>>(fields: T): Partial<T> | undefined {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  return defined.length === 0 ? undefined : (Object.fromEntries(defined) as Partial<T>);
}

/** `name:value` with a value that is JSON, else text; or an object. */
export function bodyFieldsOf(texts: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  const fields = texts.flatMap((text) => {
    if (text.trimStart().startsWith('{')) return Object.entries(JSON.parse(text) as Record<string, unknown>);
    const at = text.indexOf(':');
    return at < 1 ? [[text, true]] : [[text.slice(0, at), jsonOrText(text.slice(at + 1))]];
  });
  return fields.length === 0 ? undefined : (Object.fromEntries(fields) as Record<string, unknown>);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
