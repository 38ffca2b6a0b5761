import { resolve } from 'node:path';
import { InferometerError } from '../../core/errors.ts';
import { checkAddress } from '../../transport/zmq/address.ts';
import { MAX_PUBLISHERS, publishersOf, type RunHeader } from '../run-folder/run-header.ts';
import { programVersion } from '../run-folder/version.ts';
import type { RunPlace } from './run-place.ts';
import type { ServiceOptions } from './service-options.ts';

/** What an aggregation goes by: what was asked for, and in a resumed run what its header says. */
export interface ServiceSettings {
  readonly addresses: readonly string[];
  readonly streaming: boolean;
  readonly tokenizer: string | null;
  readonly metrics: RunHeader['metrics'];
  readonly config: RunHeader['config'];
}

/** Throws `InferometerError` (input) for addresses that are none, too many or twice, and for what contradicts the run that is resumed. */
export function settingsOf(options: ServiceOptions, { directory, resumed }: RunPlace): ServiceSettings {
  const tokenizer = options.tokenizerPath === undefined ? null : resolve(options.tokenizerPath);
  const addresses = options.addresses.length > 0 ? options.addresses : resumed ? publishersOf(resumed) : [];
  checkAddresses(addresses);
  const streaming = options.streaming ?? resumed?.streaming ?? options.streamingByDefault;
  if (resumed !== undefined) {
    const differing = [
      ...(addresses.join(' ') === publishersOf(resumed).join(' ')
        ? []
        : [`--connect ${publishersOf(resumed).join(' --connect ')}`]),
      ...(streaming === resumed.streaming ? [] : [`--streaming ${resumed.streaming ? 'on' : 'off'}`]),
      ...(tokenizer === resumed.tokenizer
        ? []
        : [resumed.tokenizer === null ? 'no --tokenizer' : `--tokenizer ${resumed.tokenizer}`]),
    ];
    if (differing.length > 0) {
      throw new InferometerError(
        'INFEROMETER_AGGREGATE_RESUME',
        'input',
        `--out ${directory.path}: the run there was begun with ${differing.join(' ')}; give the same to go on with it, or choose a new directory`,
      );
    }
  }
  const { metrics } = options;
  const hasMetrics = Object.values(metrics).some((value) => value !== undefined);
  return {
    ...{ addresses, streaming, tokenizer },
    metrics: hasMetrics ? metrics : undefined,
    config: resumed?.config ?? {
      publishers: addresses,
      streaming: streaming ? 'on' : 'off',
      ...(tokenizer === null ? {} : { tokenizer }),
    },
  };
}

/**
 * Makes the header of the run: from one that a publisher sent, that of a run of ours, and else from nothing but the settings. What only the plan and
 * the configuration of a load could tell is left unknown.
 */
export function headerMaker(settings: ServiceSettings, { runId }: RunPlace) {
  const { addresses, streaming, tokenizer, metrics, config } = settings;
  return (originNs: bigint, published: RunHeader | undefined): RunHeader => ({
    ...(published ?? {
      ...{ format: 1, run_id: runId, origin_ns: String(originNs) },
      ...{ started_at: new Date().toISOString(), version: programVersion(), streaming },
      ...{ requested_rate_per_second: null, planned_samples: null, config },
    }),
    tokenizer,
    published_by: { addresses, load_generator: null, missing: [], legacy_qps: false },
    ...(metrics === undefined ? {} : { metrics }),
  });
}

function checkAddresses(addresses: readonly string[]): void {
  if (addresses.length === 0) throw badAddresses('give at least one address to subscribe to');
  if (addresses.length > MAX_PUBLISHERS)
    throw badAddresses(`${addresses.length} addresses, at most ${MAX_PUBLISHERS}`);
  for (const address of addresses) checkAddress(address);
  const twice = addresses.find((address, i) => addresses.indexOf(address) !== i);
  if (twice !== undefined) throw badAddresses(`${twice} is given twice`);
}

function badAddresses(what: string): InferometerError {
  return new InferometerError('INFEROMETER_AGGREGATE_CONNECT', 'input', `--connect: ${what}`);
}
