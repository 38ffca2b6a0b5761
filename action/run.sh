#!/usr/bin/env bash
# The step of action.yml that runs and compares. Reads RUN_ARGS, BASELINE, MARGIN and OUT; writes the result in Markdown, to the summary of the job and to a file, and
# the outputs of the step. It ends with 0 whatever the result is: the last step of the action fails by it, after the comment was made.
set -uo pipefail

summary=$OUT.md
: > "$summary"

# xargs takes quotes as a shell does, and nothing else: no variable or command in the arguments is expanded.
args=()
while IFS= read -r -d '' word; do args+=("$word"); done < <(printf '%s' "$RUN_ARGS" | xargs printf '%s\0')
inferometer run --out "$OUT" --summary-markdown "$summary" "${args[@]}"
code=$?

if [[ -n $BASELINE && ! -d $BASELINE && -f $OUT/run.log ]]; then
  # A first run has none yet; a cache key that never matches looks the same, so it has to be seen.
  missing="no baseline found at $BASELINE: nothing was compared"
  printf '%s\n' "$missing"
  printf '\n%s\n' "$missing" >> "$summary"
elif [[ -n $BASELINE && -f $OUT/run.log ]]; then
  comparison=$(inferometer compare "$BASELINE" "$OUT" --margin "$MARGIN")
  compared=$?
  printf '\n### Compared with the baseline\n\n```text\n%s\n```\n' "$comparison" >> "$summary"
  # What is wrong with the run itself weighs more.
  ((code == 0)) && code=$compared
fi
if [[ ! -s $summary ]]; then
  printf 'The load test did not run: exit code %d. The log of the job says why.\n' "$code" >> "$summary"
fi

[[ -n ${GITHUB_STEP_SUMMARY:-} ]] && cat "$summary" >> "$GITHUB_STEP_SUMMARY"
{
  echo "run=$OUT"
  echo "exit-code=$code"
  echo "summary=$summary"
} >> "$GITHUB_OUTPUT"
exit 0
