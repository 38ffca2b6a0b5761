import { suite as agenticTraces } from './agentic_traces.suite.ts';
import { suite as config } from './config.suite.ts';
import { suite as earlyStopping } from './early_stopping.suite.ts';
import { suite as eventLog } from './event_log.suite.ts';
import { suite as eventStreams } from './event_streams.suite.ts';
import { suite as eventWire } from './event_wire.suite.ts';
import { suite as heads } from './heads.suite.ts';
import { suite as loadGeneration } from './load_generation.suite.ts';
import { suite as report } from './report.suite.ts';
import { suite as responses } from './responses.suite.ts';
import { suite as seriesExact } from './series_exact.suite.ts';
import { suite as sessionTraces } from './session_traces.suite.ts';
import { suite as snapshotWire } from './snapshot_wire.suite.ts';
import { suite as sse } from './sse.suite.ts';
import { suite as statistics } from './statistics.suite.ts';
import type { OracleSuite } from './suite.ts';

export const SUITES: readonly OracleSuite[] = [
  seriesExact,
  earlyStopping,
  snapshotWire,
  eventWire,
  eventLog,
  eventStreams,
  loadGeneration,
  sse,
  report,
  sessionTraces,
  responses,
  heads,
  agenticTraces,
  statistics,
  config,
];
