import {
  type Fields,
  fieldsOf,
  hasKeys,
  isFields,
  isoOfSeconds,
  listOf,
  numberIfAny,
  numberOf,
  secondsNs,
} from './fields.ts';
import { CLIENT_UNKNOWN, type ImportedSample, type ResultFormat, TEXTS_UNKNOWN } from './result-format.ts';

/** `benchmarks.json`: a list of benchmarks with their requests. */
export const GUIDELLM_RESULTS: ResultFormat = {
  name: 'guidellm',
  isMeant: ([first]) => hasKeys(first, 'benchmarks') && Array.isArray(first.benchmarks),
  read: ([first]) => {
    const file = fieldsOf(first, 'the file');
    const benchmarks = listOf(file.benchmarks, 'benchmarks');
    const benchmark = fieldsOf(benchmarks.at(-1), 'benchmarks');
    const requests = fieldsOf(benchmark.requests, 'requests');
    const all = ['successful', 'errored'].flatMap((kind) =>
      listOf(requests[kind] ?? [], `requests.${kind}`).map((one, at) => ({
        request: fieldsOf(one, `requests.${kind}[${at}]`),
        where: `requests.${kind}[${at}]`,
        hasFailed: kind === 'errored',
      })),
    );
    const incomplete = listOf(requests.incomplete ?? [], 'requests.incomplete').length;
    const started = all.filter(({ request }) => numberIfAny(timingsOf(request).request_start) !== undefined);
    const originS = Math.min(
      ...started.map(({ request }) => numberOf(timingsOf(request).request_start, 'request_start')),
    );
    const samples = started.map(({ request, where, hasFailed }) =>
      sampleOf(request, where, hasFailed, originS),
    );
    const model = modelOf(file);
    const last = samples.map(({ endNs }) => endNs);
    return {
      loadGenerator: 'guidellm',
      startedAt: samples.length === 0 ? '' : isoOfSeconds(originS),
      ...(model === undefined ? {} : { model }),
      samples: samples.toSorted((a, b) => a.sentNs - b.sentNs),
      durationNs: Math.max(0, ...last),
      missing: ['when chunks came between the first and the last', CLIENT_UNKNOWN, TEXTS_UNKNOWN],
      notes: [
        ...(benchmarks.length > 1
          ? [`The file has ${benchmarks.length} benchmarks; the last one was read.`]
          : []),
        ...(incomplete > 0 ? [`${incomplete} requests that the end cut off were left out.`] : []),
      ],
    };
  },
};

function timingsOf(request: Fields): Fields {
  return isFields(request.info) && isFields(request.info.timings) ? request.info.timings : {};
}

/** Times are seconds since 1970. */
function sampleOf(request: Fields, where: string, hasFailed: boolean, originS: number): ImportedSample {
  const timings = timingsOf(request);
  // A number holds such a time to a quarter of a microsecond.
  const at = (name: string) => {
    const place = `${where}: ${name}`;
    return Math.round(secondsNs(numberOf(timings[name], place) - originS, place) / 1000) * 1000;
  };
  const tokens = (part: unknown) =>
    isFields(part) ? numberIfAny(part.text_tokens ?? part.total_tokens) : undefined;
  const sentNs = at('request_start');
  const endNs = Math.max(sentNs, at('request_end'));
  const isStreamed = !hasFailed && numberIfAny(timings.first_token_iteration) !== undefined;
  const text = typeof request.output === 'string' ? request.output : undefined;
  const message =
    isFields(request.info) && typeof request.info.error === 'string' ? request.info.error : 'failed';
  const [, status] = /^(\d{3})\b/.exec(message) ?? [];
  return {
    sentNs,
    endNs,
    chunksNs: isStreamed ? [Math.min(at('first_token_iteration'), endNs)] : [],
    promptTokens: tokens(request.input_metrics),
    outputTokens: tokens(request.output_metrics),
    ...(text === undefined ? {} : { text }),
    ...(hasFailed ? { error: { type: status === undefined ? 'failed' : `http_${status}`, message } } : {}),
  };
}

function modelOf({ config }: Fields): string | undefined {
  const spec = isFields(config) && isFields(config.spec) ? config.spec : {};
  const backend = isFields(spec.backend) ? spec.backend : {};
  return typeof backend.model === 'string' ? backend.model : undefined;
}
