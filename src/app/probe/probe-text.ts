import { ADAPTERS, type ApiName } from '../../protocol/adapters.ts';
import { countText, durationText } from '../../core/quantity-text.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { wrapText } from '../../core/wrap-text.ts';
import type { ListedModel } from './model-list.ts';
import { namesText } from './names-text.ts';
import type { ProbeResult } from './probe-server.ts';
import type { SampleFacts } from './sample-trial.ts';

const WIDTH = 100;
const LABEL_WIDTH = 20;

const IGNORE_EOS: Readonly<Record<NonNullable<SampleFacts['ignoreEos']>, string>> = {
  yes: 'yes',
  accepted: 'accepted; could not tell whether it has an effect',
  ignored: 'no: accepted without an effect',
  refused: 'no: refused',
};

/** The result as text for people, with the next command last. */
export function probeText(result: ProbeResult): string {
  const { server, apis, models, sample, roundTripMs, http2, findings, command } = result;
  const facts: readonly (readonly [label: string, text: string | null])[] = [
    ['Server', server === null ? 'not recognized' : `${server.name} ${server.version ?? ''}`.trim()],
    ['APIs', apis.length === 0 ? 'none found' : apis.map(apiText).join(', ')],
    ['Models', models.length === 0 ? 'none listed' : namesText(models.map(modelText))],
    ['Tried', sample && `--api ${sample.api}`],
    ['Streams', yesNo(sample?.streams)],
    ['Reports usage', yesNo(sample?.usage)],
    ['Keeps connections', yesNo(sample?.keepsConnections)],
    ['HTTP/2', http2 ? 'yes: --http 2' : 'no'],
    ['ignore_eos', sample?.ignoreEos ? IGNORE_EOS[sample.ignoreEos] : null],
    ['Round trip', roundTripMs === null ? null : durationText(roundTripMs * NS_PER_MS)],
  ];
  const notes = [...findings, ...(sample?.remarks ?? [])];
  return [
    ...facts.flatMap(([label, text]) =>
      text === null ? [] : wrapText(`${label}:`.padEnd(LABEL_WIDTH), text, WIDTH),
    ),
    ...(notes.length === 0 ? [] : ['', ...notes.flatMap((note) => wrapText('! ', note, WIDTH))]),
    ...(command === null ? [] : ['', 'Next:', `  ${command}`]),
  ].join('\n');
}

/** The result for machines. */
export function probeToJson(result: ProbeResult): Record<string, unknown> {
  const { server, sample } = result;
  return {
    endpoint: result.endpoint,
    server: server && { name: server.name, version: server.version ?? null },
    apis: result.apis,
    models: result.models.map(({ id, ownedBy, maxTokens }) => ({
      ...{ id, owned_by: ownedBy ?? null, max_tokens: maxTokens ?? null },
    })),
    needs_key: result.needsKey,
    api: sample?.api ?? null,
    error: sample?.failure ? { type: sample.failure.errorType, message: sample.failure.errorMessage } : null,
    streams: sample?.streams ?? null,
    usage: sample?.usage ?? null,
    http2: result.http2,
    keeps_connections: sample?.keepsConnections ?? null,
    ignore_eos: sample?.ignoreEos ?? null,
    responds_as: sample?.respondsAs ?? null,
    round_trip_ms: result.roundTripMs,
    requests: result.requests,
    findings: [...result.findings, ...(sample?.remarks ?? [])],
    command: result.command,
  };
}

function apiText(api: ApiName): string {
  return `${api} (/${ADAPTERS[api].path.replace('{model}', 'MODEL')})`;
}

function modelText({ id, maxTokens }: ListedModel): string {
  return maxTokens === undefined ? id : `${id} (${countText(maxTokens)} tokens)`;
}

function yesNo(value: boolean | null | undefined): string | null {
  return value === null || value === undefined ? null : value ? 'yes' : 'no';
}
