import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { InferometerError } from '../core/errors.ts';
import { type AccessRules, guard, sameOrigin, secureHeaders } from './access.ts';
import { CONTROL_ACTIONS, type ControlDesk } from './control-actions.ts';
import type { MetricFamily } from './exported-metrics.ts';
import type { LiveChannel } from './live-channel.ts';
import type { PageFile } from './page-files.ts';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus.ts';
import type { WebLimits } from './web-limits.ts';
import { MOST_ROWS, QueryError, readRequestQuery, wholeNumber } from './request-query.ts';
import type { LogReading, RequestTables } from './request-table.ts';
import type { RunLibrary } from './run-library.ts';

export interface WebAppParts {
  readonly access: AccessRules;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly live: LiveChannel;
  readonly library: RunLibrary;
  readonly metrics: () => readonly MetricFamily[];
  /** What steers the run under way; without it viewers only look. */
  readonly desk?: ControlDesk | undefined;
  readonly version: string;
  readonly limits: WebLimits;
}

/** Statuses of a request that is refused for who sends it or how it is sent. */
const CLOSING_STATUS: ReadonlySet<number> = new Set([401, 403, 411, 413, 503]);

/** The pages, the API and /metrics, as documented in docs/web.md. */
export function createWebApp(parts: WebAppParts): Hono {
  const app = new Hono();
  app.use(secureHeaders);
  app.use(closeRefused);
  app.use(limitedBody(parts.limits.maxBodyBytes));
  app.use(guard(parts.access));
  addApi(app, parts);
  addRequests(app, parts);
  addComparison(app, parts);
  addControl(app, parts);
  app.get('/metrics', async (context) => {
    const text = await prometheusText(parts.metrics());
    return context.body(text, 200, { 'content-type': PROMETHEUS_CONTENT_TYPE });
  });
  for (const [path, file] of parts.page) app.get(path, (context) => sendFile(context, file));
  app.notFound((context) => context.json({ error: 'there is nothing here' }, 404));
  return app;
}

function addApi(app: Hono, { live, library, desk, version, limits }: WebAppParts): void {
  app.use('/api/*', neverCached);
  app.get('/api/about', (context) =>
    context.json({
      version,
      canControl: desk !== undefined,
      canWriteNotes: library.writeNotes !== undefined,
      canListRequests: library.requests !== undefined,
    }),
  );
  app.get('/api/live', (context) =>
    live.latest === undefined ? context.json({ error: 'no run yet' }, 404) : context.json(live.latest),
  );
  app.get('/api/live/events', (context) => {
    if (live.viewers >= limits.maxViewers) return context.json({ error: 'too many viewers' }, 503);
    const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
    // Nobody would read, and end, the stream of a HEAD request.
    if (context.req.method === 'HEAD') return context.body(null, 200, headers);
    return context.body(live.open(), 200, headers);
  });
  app.get('/api/runs', async (context) => context.json(await library.list()));
  app.get('/api/studies', async (context) => context.json((await library.studies?.()) ?? []));
  app.put('/api/runs/:name/notes', sameOrigin, async (context) => {
    if (library.writeNotes === undefined)
      return context.json({ error: 'notes are written in inferometer serve' }, 403);
    const isDone = await library.writeNotes(context.req.param('name'), await context.req.text());
    return isDone ? context.json({}) : context.json({ error: 'no such run' }, 404);
  });
  app.get('/api/runs/:name', async (context) => {
    const run = await library.open(context.req.param('name'));
    return run === undefined ? context.json({ error: 'no such run' }, 404) : context.json(run);
  });
}

/** Runs to compare at once. */
const MOST_COMPARED = 8;

/** The judgement of `inferometer compare` about runs. */
function addComparison(app: Hono, { library }: WebAppParts): void {
  app.get('/api/compare', async (context) => {
    const names = context.req.queries('run') ?? [];
    if (library.compare === undefined)
      return context.json({ error: 'runs are compared by their samples in inferometer serve' }, 403);
    if (names.length < 2 || names.length > MOST_COMPARED)
      return context.json(
        { error: `run must be given 2 to ${MOST_COMPARED} times (got ${names.length})` },
        400,
      );
    try {
      const found = await library.compare(names);
      return found === undefined ? context.json({ error: 'no such run' }, 404) : context.json(found);
    } catch (error) {
      if (error instanceof InferometerError) return context.json({ error: error.message }, 409);
      throw error;
    }
  });
}

/** The table of a run's requests, a part at a time, and one request. */
function addRequests(app: Hono, { library }: WebAppParts): void {
  const { requests } = library;
  const answer = async <T extends object>(
    context: Context,
    ask: (tables: RequestTables, params: URLSearchParams) => Promise<T | LogReading | undefined>,
  ) => {
    if (requests === undefined)
      return context.json({ error: 'requests are listed in inferometer serve' }, 403);
    try {
      const found = await ask(requests, new URL(context.req.url).searchParams);
      if (found === undefined) return context.json({ error: 'no such run or request' }, 404);
      return context.json(found, 'bytesRead' in found ? 202 : 200);
    } catch (error) {
      if (error instanceof QueryError) return context.json({ error: error.message }, 400);
      if (error instanceof InferometerError) return context.json({ error: error.message }, 409);
      throw error;
    }
  };
  app.get('/api/runs/:name/requests', (context) =>
    answer(context, (tables, params) => {
      const offset = wholeNumber(params, 'offset') ?? 0;
      const limit = Math.min(wholeNumber(params, 'limit') ?? MOST_ROWS, MOST_ROWS);
      return tables.page(context.req.param('name'), readRequestQuery(params), offset, limit);
    }),
  );
  app.get('/api/runs/:name/requests/:seq{[0-9]{1,10}}', (context) =>
    answer(context, (tables, params) =>
      tables.request(context.req.param('name'), Number(context.req.param('seq')), readRequestQuery(params)),
    ),
  );
}

function addControl(app: Hono, { desk }: WebAppParts): void {
  app.get('/api/control', async (context) =>
    desk === undefined ? forbidden(context) : context.json(await desk.state()),
  );
  app.post('/api/control/:action', sameOrigin, async (context) => {
    if (desk === undefined) return forbidden(context);
    const action = CONTROL_ACTIONS.find((name) => name === context.req.param('action'));
    if (action === undefined) return context.json({ error: 'no such action' }, 404);
    const done = await desk.apply(action, await context.req.text());
    switch (done.outcome) {
      case 'done':
        return context.json(await desk.state());
      case 'malformed':
        return context.json({ error: done.wanted }, 400);
      case 'refused':
        return context.json({ error: 'makes no sense at the moment' }, 409);
      case 'absent':
        return context.json({ error: 'no run to steer' }, 409);
    }
  });
}

/** A body of known and modest size, or none. */
function limitedBody(maxBytes: number): MiddlewareHandler {
  return (context, next) => {
    if (context.req.header('transfer-encoding') !== undefined) {
      return Promise.resolve(context.json({ error: 'the request must have a Content-Length' }, 411));
    }
    // Nobody sends more than that: the server's parser sees to it.
    const length = Number(context.req.header('content-length') ?? 0);
    return length <= maxBytes
      ? next()
      : Promise.resolve(context.json({ error: `the body must be at most ${maxBytes} bytes` }, 413));
  };
}

/** Who was refused does not keep the connection, and need not send the rest of a request. */
const closeRefused: MiddlewareHandler = async (context, next) => {
  await next();
  if (CLOSING_STATUS.has(context.res.status)) context.res.headers.set('connection', 'close');
};

function forbidden(context: Context): Response {
  return context.json({ error: 'viewers of this server may only look; run with --web-control' }, 403);
}

const neverCached: MiddlewareHandler = async (context, next) => {
  await next();
  context.res.headers.set('cache-control', 'no-store');
};

async function sendFile(context: Context, file: PageFile): Promise<Response> {
  const headers = { etag: file.etag, 'cache-control': 'no-cache', vary: 'accept-encoding' };
  if (context.req.header('if-none-match') === file.etag) return context.body(null, 304, headers);
  const whole = { ...headers, 'content-type': file.contentType };
  return /\bgzip\b/.test(context.req.header('accept-encoding') ?? '')
    ? context.body(await file.gzipped(), 200, { ...whole, 'content-encoding': 'gzip' })
    : context.body(file.bytes, 200, whole);
}
