import { createRunClock, type RunClock } from '../../core/time.ts';
import type { PowerSample } from '../../server-metrics/power-sample.ts';
import { readServerFigures, type ServerSample } from '../../server-metrics/server-sample.ts';
import type { FromScraper, OpenScraper, ToScraper } from './messages.ts';
import { metricsText } from './metrics-text.ts';
import { powerReader } from './power-reader.ts';
import { watchProgram } from './watch-program.ts';

const INTERVAL_MS = 1000;
/** A guessed address is given up after this many looks that found nothing. */
const MOST_TRIES = 5;
/** Serves the run over its channel until that closes. */
export function serveScraper(channel: NodeJS.Process): void {
  const closers: (() => void)[] = [];
  const end = () => {
    for (const close of closers) close();
    process.exit();
  };
  channel.on('message', (message: ToScraper) => {
    if (message.kind === 'close') return end();
    closers.push(...look(message, (answer) => channel.send?.(answer)));
  });
  channel.on('disconnect', end);
}

/** Returns what ends it. */
function look(
  { urls, areGuesses, power, originNs }: OpenScraper,
  tell: (answer: FromScraper) => void,
): (() => void)[] {
  const clock = createRunClock(BigInt(originNs));
  const tellPower = (sample: PowerSample) => tell({ kind: 'power', sample });
  return [
    ...urls.map((url) => watchServer(url, areGuesses, clock, (sample) => tell({ kind: 'sample', sample }))),
    ...power.map((source) =>
      /^https?:/.test(source)
        ? watchExporter(source, clock, tellPower)
        : watchProgram(source, clock, tellPower, (name, text) => tell({ kind: 'note', source: name, text })),
    ),
  ];
}

function watchServer(
  url: string,
  isGuess: boolean,
  clock: RunClock,
  tell: (sample: ServerSample) => void,
): () => void {
  let hasAnswered = !isGuess;
  let tries = 0;
  const stop = everySecond(async () => {
    const startedMs = performance.now();
    const answer = await metricsText(url);
    const figures = 'text' in answer ? (readServerFigures(answer.text) ?? null) : null;
    const failure = 'text' in answer ? 'no metrics of a server that we know' : answer.failure;
    hasAnswered ||= figures !== null;
    if (!hasAnswered) {
      if (++tries === MOST_TRIES) stop();
      return;
    }
    const tookMs = performance.now() - startedMs;
    tell({ at_ns: clock.nowNs(), took_ms: tookMs, url, figures, failure: figures === null ? failure : null });
  });
  return stop;
}

function watchExporter(url: string, clock: RunClock, tell: (sample: PowerSample) => void): () => void {
  const read = powerReader(url, clock);
  return everySecond(async () => tell(await read()));
}

/** One that is slow has one request at a time. */
function everySecond(work: () => Promise<void>): () => void {
  let isUnderWay = false;
  const once = async () => {
    if (isUnderWay) return;
    isUnderWay = true;
    await work();
    isUnderWay = false;
  };
  const timer = setInterval(() => void once(), INTERVAL_MS);
  void once();
  return () => clearInterval(timer);
}
