/**
 * What is loaded together when a program starts: the modules of each path, from which all that they import follows. A module is gathered with those
 * that the same paths load. So each path loads a few files, and nothing that it doesn't use. What no path has (other commands, the dashboard)
 * is left to the bundler.
 */
const PATHS = {
  main: ['cli/main', 'cli/program'],
  run: [
    'cli/run',
    'cli/run-with',
    'app/run/readiness',
    'app/run/conclude-run',
    'app/run/run-benchmark',
    'config/mlcommons-config',
    'config/yaml-variables',
    'workload/open-workload',
  ],
  validate: ['cli/validate', 'config/config-file', 'config/validate-file'],
  report: ['cli/report'],
  aggregator: ['app/fold/aggregator.main', 'app/fold/aggregate', 'app/fold/aggregator-orders'],
  worker: ['engine/worker.main'],
  probe: ['engine/probe.main'],
};

/** Names the file of each module in turn: a function for rolldown's `codeSplitting`. `sources`: the folder of the modules. */
export function gatheredByStartPath(sources) {
  let names;
  return (moduleId, graph) => {
    names ??= namesOf(sources, graph);
    return names.get(moduleId) ?? null;
  };
}

function namesOf(sources, graph) {
  const names = new Map();
  for (const [path, entries] of Object.entries(PATHS)) {
    for (const id of closureOf(
      entries.map((entry) => `${sources}/${entry}.ts`),
      graph,
    )) {
      // What a process starts with has a file of its own; a module that waits in it would wait for itself.
      if (graph.getModuleInfo(id).isEntry) continue;
      names.set(id, names.has(id) ? `${names.get(id)}-${path}` : path);
    }
  }
  return names;
}

/** Some modules and all that they import, but for what they load on demand. */
function closureOf(ids, graph) {
  const found = new Set();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    const info = graph.getModuleInfo(id);
    if (info === null) {
      if (ids.includes(id)) throw new Error(`${id}: no such module; fix PATHS in scripts/start-paths.mjs`);
      continue;
    }
    found.add(id);
    open.push(...info.importedIds);
  }
  return found;
}
