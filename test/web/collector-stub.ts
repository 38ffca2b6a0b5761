import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';

export interface PushedPoint {
  readonly labels: Readonly<Record<string, string>>;
  readonly startUnixNs: number;
  readonly unixNs: number;
  readonly value?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly bucketCounts?: readonly number[];
  readonly bounds?: readonly number[];
}

export interface PushedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly isMonotonic: boolean | undefined;
  readonly temporality: number | undefined;
  readonly points: readonly PushedPoint[];
}

export interface Pushed {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly service: string | undefined;
  readonly metrics: ReadonlyMap<string, PushedMetric>;
}

/** An OpenTelemetry collector that decodes what it is sent with a decoder that is not ours. */
export class CollectorStub {
  readonly pushes: Pushed[] = [];
  /** What it answers. */
  status = 200;
  readonly #server = createServer((request, response) => {
    void buffer(request).then((body) => {
      this.pushes.push({ path: request.url!, headers: request.headers, ...decode(body) });
      response.writeHead(this.status).end();
    });
  });

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

interface Point {
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly startTimeUnixNano: number;
  readonly timeUnixNano: number;
  readonly asDouble?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly bucketCounts?: readonly number[];
  readonly explicitBounds?: readonly number[];
}
interface Data {
  readonly dataPoints: readonly Point[];
  readonly isMonotonic?: boolean;
  readonly aggregationTemporality?: number;
}
interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly gauge?: Data;
  readonly sum?: Data;
  readonly histogram?: Data;
}
interface Request {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: Point['attributes'] };
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
}

function decode(body: Uint8Array): Pick<Pushed, 'service' | 'metrics'> {
  const type = protobuf.loadSync(resolve(import.meta.dirname, 'otlp.proto')).lookupType('otlp.Request');
  const { resourceMetrics } = type.toObject(type.decode(body), { longs: Number }) as Request;
  const metrics = resourceMetrics[0]!.scopeMetrics[0]!.metrics.map((metric): PushedMetric => {
    const kind = metric.gauge ? 'gauge' : metric.sum ? 'sum' : 'histogram';
    const { dataPoints, isMonotonic, aggregationTemporality: temporality } = metric[kind]!;
    const { name, unit } = metric;
    return { ...{ name, unit, kind, isMonotonic, temporality }, points: dataPoints.map(pointOf) };
  });
  return {
    service: labelsOf(resourceMetrics[0]!.resource.attributes)['service.name'],
    metrics: new Map(metrics.map((metric) => [metric.name, metric])),
  };
}

function pointOf(point: Point): PushedPoint {
  const { startTimeUnixNano, timeUnixNano, asDouble, count, sum, bucketCounts, explicitBounds } = point;
  return {
    ...{ labels: labelsOf(point.attributes), startUnixNs: startTimeUnixNano, unixNs: timeUnixNano },
    ...(asDouble === undefined ? {} : { value: asDouble }),
    ...(count === undefined ? {} : { count, sum: sum! }),
    ...(bucketCounts === undefined ? {} : { bucketCounts, bounds: explicitBounds! }),
  };
}

function labelsOf(attributes: Point['attributes'] = []): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
}
