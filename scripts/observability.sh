#!/usr/bin/env bash
# Runs `tc metrics serve`, and Prometheus and Alertmanager of the system's packages over it, with the files that compose/ gives to their
# containers. All listen on 127.0.0.1 only, and end together: by Ctrl-C, SIGTERM, or when one of them ends.
#
# TC_METRICS_PORT, TC_PROMETHEUS_PORT, TC_ALERTMANAGER_PORT   where they listen (8000, 9090, 9093)
# TC_ALERT_WEBHOOK_URL, TC_DEAD_MANS_SWITCH_URL               where alerts are sent, and the one that always fires
# TC_ARTIFACTS_ROOT, TC_RUNTIME_ROOT, TC_DATA_ROOT            whose runs are shown (artifacts, runtime, data)
# TC_MAX_RUNS                                                 how many of them (500)
# TC_OBSERVABILITY_FOLDER                                     keeps series, silences and logs; left out, they go when this ends
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly metrics=${TC_METRICS_PORT:-8000} prometheus=${TC_PROMETHEUS_PORT:-9090} alertmanager=${TC_ALERTMANAGER_PORT:-9093}
readonly patience_s=30
declare -A names=()
dying_with_us=()
! command -v setpriv >/dev/null || dying_with_us=(setpriv --pdeathsig TERM) # also when this script is killed by force

die() {
  printf 'observability: %s\n' "$@" >&2
  exit 1
}

for program in prometheus prometheus-alertmanager; do
  command -v "$program" >/dev/null || die "$program is not installed: scripts/system-packages.sh does that on Debian"
done
for port in METRICS=$metrics PROMETHEUS=$prometheus ALERTMANAGER=$alertmanager; do
  ! (exec 3<>"/dev/tcp/127.0.0.1/${port#*=}") 2>/dev/null || die "port ${port#*=} is taken: choose another by TC_${port%=*}_PORT"
done

folder=${TC_OBSERVABILITY_FOLDER:-$(mktemp -d "${TMPDIR:-/tmp}/tc-observability.XXXXXX")}
mkdir -p "$folder"/{prometheus/rules,prometheus/targets,series,alertmanager}
folder=$(cd "$folder" && pwd)

# shellcheck disable=SC2329 # the trap below calls it
finish() {
  local pid
  trap '' INT TERM
  for pid in "${!names[@]}"; do kill "$pid" 2>/dev/null || true; done
  for _ in $(seq 100); do
    [[ -n $(jobs -pr) ]] || break
    sleep 0.1
  done
  for pid in $(jobs -pr); do kill -KILL "$pid" 2>/dev/null || true; done
  wait
  [[ -n ${TC_OBSERVABILITY_FOLDER:-} ]] || rm -rf "$folder"
}
trap finish EXIT
trap 'exit 0' INT TERM

start() { # name command…
  local name=$1
  shift
  "${dying_with_us[@]}" "$@" >"$folder/$name.log" 2>&1 &
  names[$!]=$name
}

answers() { # port path
  local status=
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
  read -r -t 5 _ status _ <&3 || true
  [[ $status == 200 ]]
}

until_ready() { # name port path
  local until=$((SECONDS + patience_s))
  until (answers "$2" "$3") 2>/dev/null; do
    for pid in "${!names[@]}"; do
      kill -0 "$pid" 2>/dev/null || die "${names[$pid]} did not start:" "$(tail -n 5 "$folder/${names[$pid]}.log")"
    done
    ((SECONDS < until)) || die "$1 is not ready after $patience_s s:" "$(tail -n 5 "$folder/$1.log")"
    sleep 0.1
  done
}

cp compose/prometheus/prometheus.yml "$folder/prometheus/"
cp compose/prometheus/rules/*.yaml "$folder/prometheus/rules/"
.venv/bin/python scripts/generate_alerts.py --runbooks-url "http://127.0.0.1:$metrics/runbooks" --into "$folder/prometheus/rules/tc-alerts.yaml"

start metrics .venv/bin/tc metrics serve --port "$metrics" --max-runs "${TC_MAX_RUNS:-500}"
start prometheus env TC_PROMETHEUS="$(command -v prometheus)" TC_FOLDER="$folder/prometheus" TC_STORAGE="$folder/series" \
  TC_METRICS_TARGET="127.0.0.1:$metrics" TC_PROMETHEUS_PORT="$prometheus" TC_ALERTMANAGER_PORT="$alertmanager" \
  sh compose/prometheus/start.sh
start alertmanager env TC_ALERTMANAGER="$(command -v prometheus-alertmanager)" TC_FOLDER=compose/alertmanager \
  TC_STORAGE="$folder/alertmanager" TC_ALERTMANAGER_PORT="$alertmanager" sh compose/alertmanager/start.sh

until_ready metrics "$metrics" /-/ready
until_ready prometheus "$prometheus" /-/ready
until_ready alertmanager "$alertmanager" /-/ready
cat <<EOF
status page   http://127.0.0.1:$metrics/
prometheus    http://127.0.0.1:$prometheus/alerts
alertmanager  http://127.0.0.1:$alertmanager/
logs          $folder
Ctrl-C ends all three.
EOF

wait -n -p ended || true
die "${names[$ended]} has ended:" "$(tail -n 5 "$folder/${names[$ended]}.log")"
