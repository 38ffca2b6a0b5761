import { errorBody } from './chat-frames.ts';
import type { Asked, CompletionService } from './completion-service.ts';
import type { RequestHandler } from './connection.ts';
import type { HttpRequest } from './http-request-reader.ts';
import type { Reply } from './reply.ts';
import { truthLine, type TruthLog } from './truth-log.ts';

type Route = (request: HttpRequest, reply: Reply, receivedNs: number) => void;

/** The paths of the APIs. */
const ANSWERED: Readonly<Record<string, Asked>> = {
  '/v1/chat/completions': { api: 'chat' },
  '/v1/completions': { api: 'completions' },
  '/v1/responses': { api: 'responses' },
  '/v1/messages': { api: 'anthropic' },
  '/api/chat': { api: 'ollama' },
  '/api/generate': { api: 'ollama-generate' },
  '/generate': { api: 'tgi', streams: false },
  '/generate_stream': { api: 'tgi', streams: true },
  '/completion': { api: 'llamacpp' },
  '/v1/embeddings': { api: 'embeddings', streams: false },
  '/api/embed': { api: 'ollama-embed', streams: false },
  '/v1/images/generations': { api: 'images' },
  '/v1/audio/speech': { api: 'speech' },
  '/v1/audio/transcriptions': { api: 'transcription' },
  '/v1/rerank': { api: 'rerank', streams: false },
  '/score': { api: 'score', streams: false },
};

const LINES_A_PIECE = 256;

/** What the mock server does for each path and method. */
export function createRoutes(
  completions: CompletionService,
  log: TruthLog,
  modelName: string,
): RequestHandler {
  const models = JSON.stringify({
    object: 'list',
    data: [{ id: modelName, object: 'model', owned_by: 'mock' }],
  });
  const routes = new Map<string, Readonly<Record<string, Route>>>([
    ...Object.entries({ ...ANSWERED, ...modelPaths(modelName) }).map(
      ([path, asked]): [string, Readonly<Record<string, Route>>] => [
        path,
        { POST: ({ body }, reply, receivedNs) => completions.answer(asked, body, reply, receivedNs) },
      ],
    ),
    ['/v1/models', { GET: (_request, reply) => void reply.sendWhole(200, models) }],
    ['/health', { GET: (_request, reply) => void reply.sendWhole(200, '{"status":"ok"}') }],
    [
      '/truth',
      {
        GET: ({ query }, reply) => sendTruth(log, query.get('tokens') === '1', reply),
        DELETE: (_request, reply) => {
          log.clear();
          reply.sendWhole(200, '{"cleared":true}');
        },
      },
    ],
  ]);
  return (request, reply, receivedNs) => {
    const methods = routes.get(request.path);
    const route = methods?.[request.method];
    if (route !== undefined) route(request, reply, receivedNs);
    else if (methods === undefined) reply.sendWhole(404, errorBody(`no such path: ${request.path}`, 404));
    else reply.sendWhole(405, errorBody(`${request.path} takes ${Object.keys(methods).join(', ')}`, 405));
  };
}

function modelPaths(modelName: string): typeof ANSWERED {
  const base = `/v2/models/${encodeURIComponent(modelName)}`;
  return {
    [`${base}/generate`]: { api: 'triton', streams: false },
    [`${base}/generate_stream`]: { api: 'triton', streams: true },
    [`${base}/infer`]: { api: 'kserve', streams: false },
  };
}

function sendTruth(log: TruthLog, withTokens: boolean, reply: Reply): void {
  const headers = { 'X-Truth-Records': String(log.count), 'X-Truth-Dropped': String(log.dropped) };
  void reply.sendPieces(truthPieces(log, withTokens), 'application/x-ndjson', headers);
}

function* truthPieces(log: TruthLog, withTokens: boolean): Generator<string> {
  // Cleared or grown meanwhile, it is the records of the beginning that count.
  const count = log.count;
  for (let index = 0; index < Math.min(count, log.count);) {
    let lines = '';
    for (let line = 0; line < LINES_A_PIECE && index < Math.min(count, log.count); line++) {
      lines += truthLine(log.record(index++), withTokens);
    }
    yield lines;
  }
}
