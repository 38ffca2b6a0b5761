import type { Command } from 'commander';
import { EVENT_WIRES, type EventWire } from '../app/event-bus/wires.ts';
import type { RunBenchmarkOptions } from '../app/run/run-benchmark.ts';
import { choiceOption } from './command-line.ts';
import { givenText } from './flag-values.ts';

/** Flags of `run` that let other programs subscribe to its events. */
export interface EventFlags {
  readonly eventWire?: EventWire;
  readonly eventAddress?: string;
}

export function addEventFlags(command: Command): void {
  command
    .addOption(
      choiceOption(
        '--event-wire <wire>',
        "what other programs' subscribers get of its events, in MLCommons' format or ours",
        EVENT_WIRES,
        'ours',
      ),
    )
    .option(
      '--event-address <address>',
      'where they subscribe: ipc://path or tcp://127.0.0.1:port (default with mlcommons: a new ipc path, which is printed and in run.json)',
    );
}

/** The bus that the flags ask for; none by default, as the run's own aggregator has one of its own. */
export function eventBusOf({ eventWire = 'ours', eventAddress }: EventFlags): RunBenchmarkOptions['events'] {
  const address = givenText('--event-address', eventAddress, 'ipc://<path> or tcp://127.0.0.1:<port>');
  return eventWire === 'ours' && address === undefined ? undefined : { wire: eventWire, address };
}
