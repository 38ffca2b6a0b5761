/** Steps between two labels of a time axis, s: those a clock has. */
const STEPS_SECONDS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200,
  86_400,
];
/** From here up a clock reads better than seconds. */
const CLOCK_FROM_SECONDS = 120;

/** Time since a run's start, s: `45 s`, `2:05`, `1:02:05`. */
export function elapsedText(seconds: number): string {
  if (seconds < CLOCK_FROM_SECONDS) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** The smallest step that leaves at most `labels` of them on an axis of that length. */
export function elapsedStep(lengthSeconds: number, labels: number): number {
  const last = STEPS_SECONDS.at(-1)!;
  return (
    STEPS_SECONDS.find((step) => lengthSeconds / step <= labels) ??
    Math.ceil(lengthSeconds / labels / last) * last
  );
}
