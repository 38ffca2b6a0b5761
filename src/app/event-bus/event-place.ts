import { lookup } from 'node:dns/promises';
import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { errorText, InferometerError } from '../../core/errors.ts';
import { checkAddress, socketPath, tcpPlace } from '../../transport/zmq/address.ts';

/**
 * Makes sure that a run may publish its events at an address: a Unix socket, or a port of the loopback, as they hold prompts and responses
 * and the subscribers of others know no key. Removes the socket that a process left there which is gone. Throws `INFEROMETER_EVENT_ADDRESS` (input).
 */
export async function claimEventPlace(address: string): Promise<void> {
  try {
    checkAddress(address);
  } catch (error) {
    throw unusable(address, errorText(error));
  }
  const path = socketPath(address);
  if (path !== undefined) await requireFree(address, path);
  else await requireLoopback(address);
}

async function requireLoopback(address: string): Promise<void> {
  const { host, port } = tcpPlace(address)!;
  if (port > 65_535) throw unusable(address, 'choose a port up to 65535');
  let ip: string;
  try {
    ip = (await lookup(host)).address;
  } catch (error) {
    throw unusable(address, `${errorText(error)}; use an address of this machine`);
  }
  if (ip === '::1' || ip.startsWith('127.')) return;
  throw unusable(
    address,
    'events hold prompts and responses, and travel without a key; use ipc://<path> or a loopback address such as' +
      ' tcp://127.0.0.1:5602 (from another machine, forward that port: ssh -L 5602:127.0.0.1:5602 <this machine>)',
  );
}

async function requireFree(address: string, path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw unusable(address, 'there is already a file or folder of that name; choose a new path');
  if (await isListening(path)) throw unusable(address, 'another process listens there; choose a new path');
  await rm(path, { force: true });
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function unusable(address: string, why: string): InferometerError {
  return new InferometerError('INFEROMETER_EVENT_ADDRESS', 'input', `--event-address ${address}: ${why}`);
}
