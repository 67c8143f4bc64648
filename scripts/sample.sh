#!/usr/bin/env bash
# Makes the committed sample run again: the packaged scenario under a gate, on the packaged data, in an artifacts root of its own.
# Look at it with `tc runs show sample --artifacts-root artifacts/sample`, or open artifacts/sample/runs/sample/report.html.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/.venv/bin:$PATH"

readonly root=artifacts/sample
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

rm -rf "$root"
tc data prepare btcusdt-1m-sample --data-root "$data" >/dev/null
tc run specs/ops_smoke_gated.yaml --run-id sample --artifacts-root "$root" --data-root "$data"
rm "$root/runs/sample/journal.lock" # it names a process of this machine, and nobody writes a committed run
tc runs verify sample --artifacts-root "$root" --data-root "$data"
