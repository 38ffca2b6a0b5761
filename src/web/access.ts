import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

export interface AccessRules {
  /** Without it nobody gets in; undefined: everybody who can reach the server does. */
  readonly token: string | undefined;
  /** The server listens on a loopback address only. */
  readonly isLoopback: boolean;
  /** Of the cookie; holds the port, as cookies of one host are shared by its ports. */
  readonly cookieName: () => string;
}

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const COOKIE_MAX_AGE_S = 30 * 24 * 3600;

/** Says on each answer what a page of ours may load: its own files, nothing else. */
export const secureHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
};

/**
 * Lets in whoever may see the run.
 *
 * On loopback the Host header must be a loopback name: a foreign page whose name was rebound to 127.0.0.1 has its own name there. A
 * token comes as `Authorization: Bearer`, in the cookie, or once in the address (`?token=…`), which sets the cookie and leads on to the
 * same address without it. Tokens are compared in constant time.
 */
export function guard({ token, isLoopback, cookieName }: AccessRules): MiddlewareHandler {
  const wanted = token === undefined ? undefined : digest(token);
  const isRight = (given: string | undefined) =>
    given !== undefined && wanted !== undefined && timingSafeEqual(digest(given), wanted);
  // The cookie holds a digest: whoever reads it from a profile has not read the token.
  const cookieValue = wanted?.toString('hex') ?? '';
  return async (context, next) => {
    if (isLoopback && !isLoopbackHost(context.req.header('host'))) {
      return refuse(context, 403, 'This server answers to loopback names such as localhost only.');
    }
    if (wanted === undefined) return next();
    const query = context.req.query('token');
    if (query !== undefined && context.req.method === 'GET' && isRight(query)) {
      setCookie(context, cookieName(), cookieValue, {
        ...{ httpOnly: true, sameSite: 'Strict', path: '/', maxAge: COOKIE_MAX_AGE_S },
      });
      return context.redirect(withoutToken(context.req.url), 303);
    }
    const [, bearer] = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '') ?? [];
    const cookie = getCookie(context, cookieName());
    const hasCookie = cookie !== undefined && timingSafeEqual(digest(cookie), digest(cookieValue));
    if (isRight(bearer) || hasCookie) return next();
    return refuse(
      context,
      401,
      'A token is needed: open the address the server printed, which ends in ?token=…, or send Authorization: Bearer <token>.',
    );
  };
}

/** Refuses what another site's page sends with this browser's cookie. */
export const sameOrigin: MiddlewareHandler = async (context, next) => {
  const origin = context.req.header('origin');
  const site = context.req.header('sec-fetch-site');
  const isOwn =
    origin === undefined ? site === undefined || site === 'same-origin' : isSameHost(origin, context);
  return isOwn ? next() : refuse(context, 403, 'Only the page of this server may do that.');
};

/** Whether an address to listen on can be reached from this machine only. */
export function isLoopbackAddress(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function isLoopbackHost(header: string | undefined): boolean {
  const host = header?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1') ?? '';
  return isLoopbackAddress(host.toLowerCase()) || host.toLowerCase().endsWith('.localhost');
}

function isSameHost(origin: string, context: Context): boolean {
  return URL.canParse(origin) && new URL(origin).host === context.req.header('host');
}

/**
 * The path and query of an address without the token. It begins with one slash: behind two, or a slash and a backslash, a browser
 * reads the name of another host.
 */
function withoutToken(address: string): string {
  const url = new URL(address);
  url.searchParams.delete('token');
  return url.pathname.replace(/^[/\\]*/, '/') + url.search;
}

function refuse(context: Context, status: 401 | 403, why: string): Response {
  return context.text(`${why}\n`, status);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
