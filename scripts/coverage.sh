#!/usr/bin/env bash
# Judges the coverage that the last `make test` left behind, branches counted; prints only what falls short.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/.venv/bin:$PATH"

failed=0

hold() { # percent what [coverage report options…]
  local percent=$1 name=$2 report
  shift 2
  if report=$(coverage report --fail-under="$percent" "$@" 2>&1); then
    printf 'coverage of %-12s %s (at least %s %%)\n' "$name" "$(awk '/^TOTAL/ { print $NF }' <<<"$report")" "$percent"
  else
    printf 'coverage of %s is below %s %%:\n%s\n' "$name" "$percent" "$report" >&2
    failed=1
  fi
}

for room in core spec checks; do
  hold 100 "tc.$room" --include="src/tc/$room/*"
done
hold 90 "everything"
exit "$failed"
