import { errorText } from '../../core/errors.ts';

/** An exporter that takes longer is left out of that second. */
const TIMEOUT_MS = 5000;
/** Metrics of a server with many models are a few hundred KB. */
const MOST_BYTES = 16 * 2 ** 20;

/** The text at a URL, or why it can't be had. Never rejects. */
export async function metricsText(
  url: string,
): Promise<{ readonly text: string } | { readonly failure: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    const text = await textOf(response);
    return response.ok ? { text } : { failure: `HTTP ${response.status}` };
  } catch (error) {
    const { cause } = error as { readonly cause?: unknown };
    return { failure: errorText(cause ?? error) };
  }
}

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  if (body === null) return text;
  const parts: AsyncIterable<Uint8Array> = body;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES / 2 ** 20} MiB`);
    text += decoder.decode(part, { stream: true });
  }
  return text;
}
