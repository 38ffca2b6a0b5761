import { isIPv4 } from 'node:net';
import { hostname as ownName, networkInterfaces } from 'node:os';
import type { Endpoint } from '../../protocol/endpoint.ts';

/** Whether the address of an endpoint is one of this machine's, as far as that can be told without a look-up. What is behind it may be a tunnel. */
export function isEndpointHere({ hostname, socketPath }: Pick<Endpoint, 'hostname' | 'socketPath'>): boolean {
  if (socketPath !== undefined) return true;
  const name = hostname.toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost') || name === ownName().toLowerCase()) return true;
  if (name === '::1' || (isIPv4(name) && name.startsWith('127.'))) return true;
  return Object.values(networkInterfaces()).some((own) => own?.some(({ address }) => address === name));
}
