#!/usr/bin/env bash
# Everything that is judged without running the tests. Every step runs; the failing ones are named again at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/.venv/bin:$PATH"

failed=()

step() { # "what it checks" command…
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    printf 'ok      %s\n' "$name"
  else
    printf 'FAILED  %s  (%s)\n%s\n' "$name" "$*" "$output"
    failed+=("$name")
  fi
}

step "format" ruff format --check .
step "lint" ruff check .
step "types" mypy
step "import contracts" lint-imports --no-cache --no-logo
step "shell scripts" shellcheck .ci/run scripts/*.sh compose/*/*.sh
step "lock file" scripts/bootstrap.sh uv lock --check --quiet
step "generated reference" python scripts/generate_reference.py --check
step "generated dashboards" python scripts/dashboards/generate.py --check

if ((${#failed[@]})); then
  printf '\ncheck failed: %s\n' "$(printf '%s, ' "${failed[@]}" | sed 's/, $//')" >&2
  exit 1
fi
