/**
 * How much is read of the files that a run folder may hold, in one place. They are far above what this program writes, and keep a file of
 * somebody else from filling the memory or holding up the process. What lies beyond is refused as a whole.
 */
export const FILE_LIMITS = {
  /** run.json, 1 KiB as written. Beyond: read as if it were missing, and the log alone tells of the run. */
  manifestBytes: 2 ** 20,
  /** config.yaml, 1 KiB as written and more with long extra fields. Beyond: settings are not shown. */
  configBytes: 2 ** 18,
  /** notes.txt, 4 KiB as the page writes it. Beyond: notes are not shown. */
  notesBytes: 2 ** 16,
  /** performance/result_summary.json, 50 KiB as written. Beyond: the run is listed without its numbers. */
  summaryBytes: 2 ** 24,
  /** metrics/final_snapshot.json, 1 MiB as written of a long run. Beyond: the run log is replayed instead. */
  finalSnapshotBytes: 2 ** 26,
  /** tokenizer.json, 40 MiB of the largest vocabularies. Beyond: an error, and no tokens are counted. */
  tokenizerBytes: 2 ** 28,
  /** A result file of another tool, 1 KiB a request as aiperf writes it. Beyond: refused. */
  importBytes: 2 ** 28,
} as const;
