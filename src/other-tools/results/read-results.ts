import { errorText, InferometerError } from '../../core/errors.ts';
import { AIPERF_RECORDS, AIPERF_SUMMARY } from './aiperf-results.ts';
import { GUIDELLM_RESULTS } from './guidellm-results.ts';
import { INFERENCE_PERF_SUMMARY, K6_POINTS, K6_SUMMARY, OHA } from './http-results.ts';
import type { Documents, ImportedRun, ResultFormat, SummaryOnly } from './result-format.ts';
import { SGLANG_BENCH, VLLM_BENCH } from './serving-bench.ts';

/** Kinds of result files; the first that is meant reads a file. */
export const RESULT_FORMATS: readonly ResultFormat[] = [
  AIPERF_RECORDS,
  AIPERF_SUMMARY,
  VLLM_BENCH,
  SGLANG_BENCH,
  GUIDELLM_RESULTS,
  K6_POINTS,
  K6_SUMMARY,
  OHA,
  INFERENCE_PERF_SUMMARY,
];

/** What Python writes where JSON has no number. */
const NO_NUMBERS = /([:,[]\s*)(?:-?Infinity|NaN)(?=\s*[,}\]])/g;

/**
 * Reads a result file of another tool, found out by its content. `path` names it in messages. Throws `InferometerError` (input) for a file of
 * no kind that is known, and for one that lacks what its kind has.
 */
export function readResults(text: string, path: string): ImportedRun | SummaryOnly {
  const documents = documentsOf(text);
  const format = documents && RESULT_FORMATS.find((one) => one.isMeant(documents));
  if (documents === undefined || format === undefined)
    throw badFile(
      path,
      'is no result file that is known: aiperf, guidellm, vllm, sglang, inference-perf, k6 or oha, as JSON or JSON lines',
    );
  try {
    return format.read(documents);
  } catch (error) {
    throw badFile(path, `looks like a result of ${format.name}, but ${errorText(error)}`);
  }
}

/** One document, or one a line. Undefined for what is neither. */
function documentsOf(text: string): Documents | undefined {
  const whole = parsed(text);
  if (whole !== undefined) return [whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const documents = lines.map(parsed);
  return documents.length === 0 || documents.includes(undefined) ? undefined : documents;
}

function parsed(text: string): unknown {
  for (const one of [text, text.replace(NO_NUMBERS, '$1null')]) {
    try {
      return JSON.parse(one) as unknown;
    } catch {
      continue;
    }
  }
  return undefined;
}

function badFile(path: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_IMPORT_FORMAT', 'input', `${path}: ${what}`);
}
