import { join } from 'node:path';
import { readSeenRun } from '../../../src/app/calibration/seen-samples.ts';
import { fetchTruth } from '../../../src/app/calibration/server-truth.ts';
import { LatenessCursor } from '../../../src/aggregator/lateness-cursor.ts';
import { decodeWindows } from '../../../src/events/lateness-windows.ts';
import { readFrames } from '../../../src/runlog/read.ts';
import { FrameKind } from '../../../src/transport/frame.ts';
export async function debugRun(out: string, url: string) {
  const run = await readSeenRun(join(out, 'run.log'));
  const truths = new Map((await fetchTruth(url, run.originNs)).map((t) => [t.promptNumber, t]));
  const cursor = new LatenessCursor();
  const ws: number[][] = [];
  for await (const f of readFrames(join(out, 'run.log'))) if (f.kind === FrameKind.windows) { const w = decodeWindows(f.body).windows; cursor.add(w); for (let i=0;i<w.length;i+=3) ws.push([w[i]!, w[i+1]!, w[i+2]!]); }
  const reads: [number, number, string][] = [];
  for (const s of run.samples) { const t = truths.get(s.row); if (!t || s.completedNs === null) continue; s.chunksNs.forEach((c, i) => reads.push([c, t.tokensNs[i]!, 'chunk'])); reads.push([s.completedNs, t.endNs, 'end']); }
  reads.sort((a, b) => a[0] - b[0]);
  let bad = 0, late = 0; const lines: string[] = [];
  for (const [at, truth, kind] of reads) { const h = cursor.lateNs(at); const e = at - truth; if (e > 5e6) { late++; if (h < e - 12e6) { bad++; lines.push(`${kind} at ${(at/1e6).toFixed(2)} late ${(e/1e6).toFixed(2)} window ${(h/1e6).toFixed(2)}`); } } }
  const slow = [...truths.values()].map((t) => (t.slowestWriteNs ?? 0) / 1e6).sort((a, b) => b - a); console.log('slow writes', slow.slice(0, 8).map((x) => x.toFixed(2)).join(' '), 'above 2 ms', slow.filter((x) => x > 2).length, 'of', slow.length);
  console.log('reads', reads.length, 'late > 5ms', late, 'not seen', bad); console.log(lines.slice(0, 12).join('\n'));
  if (lines.length) { const at = Number(/at (\S+)/.exec(lines[0]!)![1]); for (const w of ws.filter((w) => Math.abs(w[0]!/1e6 - at) < 100).slice(0, 12)) console.log('  window', w.map((x) => (x/1e6).toFixed(2)).join(' ')); }
}
