import type { ConnectorOptions } from '../../engine/connector.ts';
import { Connector } from '../../engine/connector.ts';
import { PlainClient } from '../../engine/plain-client.ts';
import type { PlainFailure, PlainReply } from '../../engine/plain-transport.ts';
import type { HttpVersion } from '../../engine/settings.ts';
import type { ApiAdapter } from '../../protocol/adapter.ts';
import { adapterOf, type ApiName, pathOf } from '../../protocol/adapters.ts';
import type { Endpoint } from '../../protocol/endpoint.ts';
import { encodeGet, encodeRequest, type RequestHead } from '../../protocol/http-request.ts';
import { requestTarget } from '../../protocol/request-target.ts';
import { type ServerBase, serverBaseOf } from './server-base.ts';

const READ_BUFFER_BYTES = 65_536;
const VERSIONED = /^v1\//;

export interface CallerOptions extends ConnectorOptions {
  /** Default: HTTP/1.1. */
  readonly http?: HttpVersion | undefined;
  readonly apiKey?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls paths of one server, whatever of its URL was given. */
export class ServerCaller {
  readonly place: ServerBase;
  /** Requests sent so far. */
  requests = 0;
  /** From a request being written to the first byte of its response, the least so far; NaN before. */
  roundTripMs = NaN;
  readonly #client: PlainClient;
  readonly #head: Omit<RequestHead, 'streaming'>;

  constructor(endpoint: Endpoint, { apiKey, headers = {}, http, ...options }: CallerOptions) {
    this.place = serverBaseOf(endpoint);
    this.#client = new PlainClient(
      new Connector(endpoint, new Uint8Array(READ_BUFFER_BYTES), options),
      endpoint.tls,
      http,
    );
    this.#head = {
      // What stands for the id of a sample is for requests that are one.
      headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => !value.includes('{{'))),
      ...(apiKey === undefined ? {} : { apiKey }),
    };
  }

  connect(timeoutMs: number): Promise<PlainFailure | undefined> {
    return this.#client.connect(timeoutMs);
  }

  /** `api`: with the headers, and the kind of key, of this one. */
  async get(path: string, timeoutMs: number, api?: ApiName): Promise<PlainReply | PlainFailure> {
    const request = encodeGet(this.endpointOf(path), this.#targetOf(path), {
      ...this.#headOf(api),
      streaming: false,
    });
    const reply = await this.#ask(request, timeoutMs);
    if (!('failure' in reply)) {
      const { firstByteMs } = reply;
      this.roundTripMs = Number.isNaN(this.roundTripMs)
        ? firstByteMs
        : Math.min(this.roundTripMs, firstByteMs);
    }
    return reply;
  }

  /** A request of an API. `maxBytes`: where the response is cut off. */
  post(
    api: ApiName,
    body: Readonly<Record<string, unknown>>,
    how: { readonly streaming: boolean; readonly model: string },
    timeoutMs: number,
    maxBytes?: number,
  ): Promise<PlainReply | PlainFailure> {
    const { streaming, model } = how;
    const path = pathOf(adapterOf(api), streaming, model);
    const bytes = Buffer.from(JSON.stringify(body));
    const head = { ...this.#headOf(api), streaming };
    return this.#ask(encodeRequest(this.endpointOf(path), path, bytes, head), timeoutMs, maxBytes);
  }

  /** A request that no API of ours has. */
  postTo(path: string, body: unknown, timeoutMs: number): Promise<PlainReply | PlainFailure> {
    const head = { ...this.#head, streaming: false };
    const bytes = Buffer.from(JSON.stringify(body));
    return this.#ask(encodeRequest(this.endpointOf(path), path, bytes, head), timeoutMs);
  }

  /** The endpoint to give for a path: where paths with a version are, or all others. */
  endpointOf(path: string): Endpoint {
    return VERSIONED.test(path) ? this.place.base : this.place.root;
  }

  close(): void {
    this.#client.close();
  }

  #targetOf(path: string): string {
    const endpoint = this.endpointOf(path);
    return VERSIONED.test(path)
      ? requestTarget(endpoint, path)
      : `${endpoint.basePath}/${path}${endpoint.query}`;
  }

  #ask(request: Uint8Array, timeoutMs: number, maxBytes?: number): Promise<PlainReply | PlainFailure> {
    this.requests += 1;
    return this.#client.ask(request, timeoutMs, maxBytes);
  }

  #headOf(api: ApiName | undefined): Omit<RequestHead, 'streaming'> {
    const adapter: Partial<ApiAdapter> = api === undefined ? {} : adapterOf(api);
    const { headers: apiHeaders, keyHeader } = adapter;
    return {
      ...this.#head,
      ...(apiHeaders === undefined ? {} : { apiHeaders }),
      ...(keyHeader === undefined ? {} : { keyHeader }),
    };
  }
}
