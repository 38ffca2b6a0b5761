import { join } from 'node:path';
import { readSeenRun } from '../../../src/app/calibration/seen-samples.ts';
import { fetchTruth } from '../../../src/app/calibration/server-truth.ts';
import { LatenessCursor } from '../../../src/aggregator/lateness-cursor.ts';
import { decodeWindows } from '../../../src/events/lateness-windows.ts';
import { readFrames } from '../../../src/runlog/read.ts';
import { FrameKind } from '../../../src/transport/frame.ts';
import { LatenessMixture } from '../../../src/stats/lateness-mixture.ts';
export async function debugRun(out: string, url: string) {
  const run = await readSeenRun(join(out, 'run.log'));
  const truths = new Map((await fetchTruth(url, run.originNs)).map((t) => [t.promptNumber, t]));
  const cursor = new LatenessCursor();
  const unseen = new LatenessMixture();
  for await (const f of readFrames(join(out, 'run.log'))) { if (f.kind === FrameKind.windows) cursor.add(decodeWindows(f.body).windows); if (f.kind === FrameKind.health) { const h = JSON.parse(Buffer.from(f.body).toString()); if (h.lateness && h.measured) { unseen.add(h.lateness.reads, h.lateness.unseen); } } }
  const reads: [number, number, string][] = [];
  for (const s of run.samples) { const t = truths.get(s.row); if (!t || s.completedNs === null) continue; s.chunksNs.forEach((c, i) => reads.push([c, t.tokensNs[i]!, i === 0 ? 'first' : 'chunk'])); reads.push([s.completedNs, t.endNs, 'end']); }
  reads.sort((a, b) => a[0] - b[0]);
  const over: [string, number][] = []; const byKind = new Map<string, number[]>();
  for (const [at, truth, kind] of reads) { const h = cursor.lateNs(at); const e = at - truth; const r = (e - h)/1e6; (byKind.get(kind) ?? byKind.set(kind, []).get(kind)!).push(r); if (r > 3) over.push([`${kind}@${(at/1e6).toFixed(1)} ${(e/1e6).toFixed(1)}/${(h/1e6).toFixed(1)}`, r]); }
  for (const [kind, rs] of byKind) { rs.sort((a, b) => a - b); const q = (p: number) => rs[Math.floor((rs.length - 1) * p)]!.toFixed(2); console.log(' shortfall', kind, rs.length, 'p50', q(.5), 'p90', q(.9), 'p99', q(.99), 'max', q(1)); }
  console.log(' unseen', unseen.distribution(true).filter((m) => m.latenessNs > 5e4).map((m) => `${(m.latenessNs/1e6).toFixed(2)}:${(m.share*100).toFixed(2)}%`).join(' '));
  console.log(' over', over.length, over.sort((a, b) => b[1] - a[1]).slice(0, 10).map(([t]) => t).join(' | '));
}
