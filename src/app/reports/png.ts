import { InferometerError } from '../../core/errors.ts';

/** Pixels of an image for one of the drawing: sharp on a dense screen and in print. */
const SCALE = 2;
const PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><text y="50">x</text></svg>';

/** An SVG document as PNG. */
export type PngPainter = (svg: string) => Uint8Array;

/**
 * Loads what turns drawings into images; texts are set in the fonts of the system. Throws `InferometerError` (setup) when there are none:
 * an image without its labels says nothing.
 */
export async function loadPngPainter(): Promise<PngPainter> {
  const { Resvg } = await import('@resvg/resvg-js');
  const font = { loadSystemFonts: true };
  if (new Resvg(PROBE, { font }).getBBox() === undefined) {
    throw new InferometerError(
      'INFEROMETER_PLOT_NO_FONT',
      'setup',
      'images need a font for their labels, and this system has none; install one (on Debian: fonts-dejavu-core), or use --format svg',
    );
  }
  return (svg) => new Resvg(svg, { font, fitTo: { mode: 'zoom', value: SCALE } }).render().asPng();
}
