import type { CellResult, StudyPoint, StudyResult } from './study-result.ts';

/** The content of study.json, format 1: what was asked, each cell and each combination. Times in ns, shares of 1, rates a second. */
export function studyToJson(study: StudyResult) {
  const { kind, name, version, createdAt, factors, gpus, cells, points, conclusions } = study;
  const named = (values: readonly string[]) =>
    Object.fromEntries(factors.map((factor, i) => [factor.name, values[i]]));
  return {
    ...{ format: 1, kind, name, version, created_at: createdAt },
    is_complete: cells.every(({ state }) => state === 'done' || state === 'skipped'),
    factors: factors.map((factor) => ({ name: factor.name, values: factor.values })),
    ...(gpus === undefined ? {} : { gpus }),
    conclusions,
    points: points.map((point) => pointToJson(point, named)),
    cells: cells.map((result) => cellToJson(result, named)),
  };
}

type Named = (values: readonly string[]) => Record<string, string | undefined>;

function pointToJson(
  { values, runs, verdict, slo, figures, throughput, byUser, byTtft, cells }: StudyPoint,
  named: Named,
) {
  return {
    settings: named(values),
    ...{ runs, verdict, slo, figures, throughput },
    pareto: { tokens_per_second_per_user: byUser, ttft: byTtft },
    cells: cells.map(({ cell }) => cell.id),
  };
}

function cellToJson(
  { cell, state, startedAt, verdict, slos, backlogGrows, server, figures, reason }: CellResult,
  named: Named,
) {
  return {
    ...{ id: cell.id, settings: named(cell.values), repeat: cell.repeat },
    ...{ state, started_at: startedAt, verdict, slos, backlog_grows: backlogGrows, figures, reason },
    ...(server === null
      ? {}
      : {
          server: {
            ...{ queue_ms: server.queueMs, compute_ms: server.computeMs },
            ...{ waiting: server.waiting, kv_use: server.kvUse },
          },
        }),
  };
}
