#!/usr/bin/env bash
# Runs every test but the soak, as many at once as the first argument says, and holds the coverage to its thresholds.
# The pure rooms are judged by their own tests, branches counted. The rest is judged by lines, which Python 3.13 counts at nearly
# no cost; counting branches would make the tests with engines and processes half as long again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/.venv/bin:$PATH"
unset PYTHONDONTWRITEBYTECODE # hundreds of processes are started here, and each would compile what it imports

workers=${1:-2}
pure=(core spec checks)
failed=0

run() { # [pytest options…]; a worker keeps to whole files, and so to what their fixtures have started, until it helps the other
  pytest -n "$workers" --dist worksteal -m "not soak" --cov --cov-report= "$@" || failed=1
}

hold() { # percent what [coverage report options…]
  local percent=$1 name=$2 report
  shift 2
  if report=$(coverage report --fail-under="$percent" "$@" 2>&1); then
    printf 'coverage of %-10s %s (at least %s %%)\n' "$name" "$(awk '/^TOTAL/ { print $NF }' <<<"$report")" "$percent"
  else
    printf 'coverage of %s is below %s %%:\n%s\n' "$name" "$percent" "$report" >&2
    failed=1
  fi
}

COVERAGE_FILE=.coverage-pure run --cov-branch "${pure[@]/#/tests/}"
COVERAGE_CORE=sysmon run "${pure[@]/#/--ignore=tests/}"

for room in "${pure[@]}"; do
  COVERAGE_FILE=.coverage-pure hold 100 "tc.$room" --include="src/tc/$room/*"
done
hold 90 "everything"
exit "$failed"
