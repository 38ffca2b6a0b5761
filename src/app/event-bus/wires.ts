/** What events look like on an event bus: our frames, or the records of MLCommons endpoints. */
export const EVENT_WIRES = ['ours', 'mlcommons'] as const;
export type EventWire = (typeof EVENT_WIRES)[number];

const WIRE_TEXTS: Readonly<Record<EventWire, string>> = {
  ours: 'frames of Inferometer',
  mlcommons: 'records of MLCommons endpoints',
};

/** Where to subscribe, and to what. */
export function eventBusText(wire: EventWire, address: string): string {
  return `events (${WIRE_TEXTS[wire]}): subscribe at ${address}; the first subscriber gets all of them, later ones what follows`;
}
