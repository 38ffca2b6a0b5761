import type { z } from 'zod';
import { NO_PROXY, normalizedProxy, PROXY_ALLOWED } from '../../protocol/proxy.ts';
import { parseResolve, RESOLVE_ALLOWED } from '../resolve-entries.ts';
import { defaulted, optional, type ValueType } from './setting.ts';
import { anyText, checkedText, listOf, ON_OFF, text, textLike } from './value-types.ts';

// How a server is reached: headers, keys, TLS, proxies.

const SERVER_NAME = 'a host name such as llm.example.com';
/** A path, and not what the file holds. */
const PEM_PATH: ValueType<z.ZodString> = {
  ...textLike(/^[^\n]+$/, 'the path of a PEM file'),
  title: 'path',
  completes: 'file',
};

const HEADERS: ValueType<z.ZodRecord<z.ZodString, z.ZodString>> = {
  title: 'names and texts',
  parse: (given) => {
    const match = /^([^:\s]+):\s*(.*)$/s.exec(given);
    return match === null ? { allowed: '"Name: value"' } : { value: [match[1], match[2]] };
  },
  schema: (zod) => zod.record(zod.string(), zod.string('text'), 'names and values'),
};

const PROXIES: ValueType<z.ZodArray<z.ZodPipe<z.ZodString, z.ZodTransform<string, string>>>> = {
  title: 'list: URL, or none',
  parse: anyText,
  schema: (zod) => {
    const isProxy = (given: string) => given === NO_PROXY || normalizedProxy(given) !== undefined;
    const proxy = zod
      .string(PROXY_ALLOWED)
      .refine(isProxy, PROXY_ALLOWED)
      .transform((given) => (given === NO_PROXY ? given : normalizedProxy(given)!));
    return zod.array(proxy, 'a list of proxies').min(1, 'a list of proxies');
  },
};

export const CONNECTION = {
  headers: defaulted(
    HEADERS,
    {},
    {
      flag: '--header',
      argument: '<name: value>',
      group: 'requests',
      help: 'extra request header, e.g. "X-Team: a"; {{sample}}, {{conversation}} and {{conversation_id}} in it stand for the id of the sample, and the number and the id of its conversation; may be repeated',
      repeatable: true,
      combine: (headers) => Object.fromEntries(headers as readonly [string, string][]),
      secret: true,
    },
  ),
  proxies: optional(PROXIES, {
    flag: '--proxy',
    argument: '<url>',
    group: 'requests',
    help: 'reach the endpoints through this HTTP proxy, such as http://proxy:3128; none: directly, whatever the environment says; once for all, or once for each --endpoint',
    defaultNote: ': HTTP_PROXY, HTTPS_PROXY, NO_PROXY',
    repeatable: true,
    secret: true,
  }),
  resolve: optional(
    {
      ...listOf(
        checkedText((given) => parseResolve(given) !== undefined, RESOLVE_ALLOWED),
        'a list of hosts with their addresses',
      ),
      title: 'list: host, port and addresses',
    },
    {
      flag: '--resolve',
      argument: '<addresses>',
      group: 'requests',
      help: 'addresses of the host of an endpoint, instead of looking them up: host:8000:10.0.0.1,10.0.0.2; connections are spread over them',
      repeatable: true,
    },
  ),
  request_id: defaulted(ON_OFF, false, {
    flag: '--request-id',
    argument: '',
    group: 'requests',
    help: "send each sample's id as X-Request-Id, to find it in the logs of the server",
  }),
  traceparent: defaulted(ON_OFF, false, {
    flag: '--traceparent',
    argument: '',
    group: 'requests',
    help: "send a traceparent header (W3C Trace Context) with each request, whose trace is the sample's id",
  }),
  api_key: optional(text('text that is not empty'), {
    flag: '--api-key',
    argument: '<key>',
    group: 'requests',
    help: 'sent as Authorization: Bearer, or as x-api-key to --api anthropic; prefer the environment variable',
    prefersEnvironment: true,
    secret: true,
  }),
  tls_verify: defaulted(ON_OFF, true, {
    flag: '--tls-verify',
    argument: '<mode>',
    group: 'requests',
    help: 'check the server certificate: on or off',
    aliases: [
      {
        flag: '--insecure',
        value: false,
        help: 'accept any server certificate; the same as --tls-verify off',
      },
    ],
  }),
  ca_file: optional(PEM_PATH, {
    flag: '--ca',
    argument: '<file>',
    group: 'requests',
    help: 'PEM file of the certificate authorities to trust, or of a self-signed certificate, instead of the authorities that Node knows',
  }),
  cert_file: optional(PEM_PATH, {
    flag: '--cert',
    argument: '<file>',
    group: 'requests',
    help: 'PEM file of a client certificate, for servers that require one',
  }),
  key_file: optional(PEM_PATH, {
    flag: '--key',
    argument: '<file>',
    group: 'requests',
    help: 'PEM file of the private key of --cert',
    defaultNote: ': it is in the same file',
    secret: true,
  }),
  server_name: optional(textLike(/^(?!\d+(\.\d+){3}$)[A-Za-z0-9_]([A-Za-z0-9_-]*\.?)+$/, SERVER_NAME), {
    flag: '--server-name',
    argument: '<name>',
    group: 'requests',
    help: 'server name for TLS (SNI) and for checking the certificate, instead of the host of the endpoint',
  }),
};
