#!/usr/bin/env bash
# Brings compose/ up in a dockerd of its own, and proves its wiring: who is asked, who is told, what is mounted, who listens where.
# No image is pulled: stand-ins are made of this system's Prometheus and Alertmanager, under the pinned names. Grafana's stand-in is a
# script that says what it was given. Nothing of a Docker that may run already is touched. Skips, saying why, where this cannot be done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly patience_s=60
folder='' dockerd_pid='' metrics_pid=''

skip() {
  printf 'compose-test: skipped: %s\n' "$*" >&2
  exit 0
}

[[ $(id -u) == 0 ]] || skip "dockerd needs root"
for program in dockerd docker prometheus promtool prometheus-alertmanager amtool dash; do
  command -v "$program" >/dev/null || skip "$program is not installed (Debian: docker.io docker-compose prometheus prometheus-alertmanager)"
done
if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
elif command -v docker-compose >/dev/null; then
  compose=(docker-compose)
else
  skip "there is no docker compose"
fi

folder=$(mktemp -d /tmp/tc-compose.XXXXXX) # not under a long TMPDIR: a socket's path is short
export DOCKER_HOST=unix://$folder/docker.sock DOCKER_CONFIG=$folder DOCKER_BUILDKIT=0
export TC_ARTIFACTS_ROOT=$folder/artifacts TC_RUNTIME_ROOT=$folder/runtime TC_DATA_ROOT=$folder/data
export COMPOSE_PROJECT_NAME=tc-compose-test COMPOSE_FILE=compose/docker-compose.yml

ended() { # pid
  for _ in $(seq 150); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}

# shellcheck disable=SC2329 # the trap below calls it
finish() {
  trap '' INT TERM
  if [[ -n $dockerd_pid ]] && kill -0 "$dockerd_pid" 2>/dev/null; then
    "${compose[@]}" down --volumes --timeout 5 >>"$folder/compose.log" 2>&1 || true
    kill "$dockerd_pid" && ended "$dockerd_pid"
  fi
  [[ -z $metrics_pid ]] || { kill "$metrics_pid" 2>/dev/null && ended "$metrics_pid"; } || true
  umount "$folder"/exec/netns/* 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

with_libraries() { # folder program as-what
  local library
  install -D "$(readlink -f "$(command -v "$2")")" "$1/$3"
  while IFS= read -r library; do
    [[ -e $1/$library ]] || install -D "$(readlink -f "$library")" "$1/$library"
  done < <(ldd "$(readlink -f "$(command -v "$2")")" 2>/dev/null | grep -o '/[^ ]*')
}

image_of() { # service: the pinned name
  .venv/bin/python -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["services"][sys.argv[2]]["image"])' "$COMPOSE_FILE" "$1"
}

build() { # service, whose root is there; lines of the Dockerfile
  local service=$1
  shift
  with_libraries "$folder/$service/root" dash bin/sh
  mkdir -p "$folder/$service"/{root/tmp,empty}
  chmod 1777 "$folder/$service/root/tmp"
  printf '%s\n' "FROM scratch" "COPY root /" "ENV PATH=/bin" "$@" >"$folder/$service/Dockerfile"
  docker build --quiet --tag "$(image_of "$service")" "$folder/$service" >>"$folder/build.log" 2>&1 || { cat "$folder/build.log" >&2 && exit 1; }
}

dockerd --host "$DOCKER_HOST" --data-root "$folder/images" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" \
  --bridge=none --iptables=false --ip6tables=false --storage-driver=vfs >"$folder/dockerd.log" 2>&1 &
dockerd_pid=$!
for _ in $(seq $((patience_s * 10))); do
  ! docker version >/dev/null 2>&1 || break
  kill -0 "$dockerd_pid" 2>/dev/null || { dockerd_pid='' && skip "dockerd does not run here: $(tail -n 1 "$folder/dockerd.log")"; }
  sleep 0.1
done

with_libraries "$folder/prometheus/root" prometheus bin/prometheus
with_libraries "$folder/prometheus/root" promtool bin/promtool
mkdir -p "$folder/prometheus/root/etc/prometheus"
build prometheus "COPY --chown=65534:65534 empty /prometheus" "WORKDIR /prometheus"
with_libraries "$folder/alertmanager/root" prometheus-alertmanager bin/alertmanager
with_libraries "$folder/alertmanager/root" amtool bin/amtool
mkdir -p "$folder/alertmanager/root/usr/share/prometheus" "$folder/alertmanager/root/etc/alertmanager"
cp -rL /usr/share/prometheus/alertmanager "$folder/alertmanager/root/usr/share/prometheus/" # Debian's binary reads its template
build alertmanager "COPY --chown=65534:65534 empty /alertmanager" "WORKDIR /alertmanager"
with_libraries "$folder/grafana/root" sleep bin/sleep
install -D -m 755 compose/tests/grafana.sh "$folder/grafana/root/run.sh"
install -D -m 755 compose/tests/wget.sh "$folder/grafana/root/bin/wget"
mkdir -p "$folder/grafana/root/etc/grafana"
build grafana "COPY --chown=472:0 empty /var/lib/grafana" 'ENTRYPOINT ["/run.sh"]'

read -r metrics TC_PROMETHEUS_PORT TC_ALERTMANAGER_PORT TC_GRAFANA_PORT < <(.venv/bin/python -c '
import socket
found = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(each.getsockname()[1] for each in found))')
export TC_PROMETHEUS_PORT TC_ALERTMANAGER_PORT TC_GRAFANA_PORT TC_METRICS_TARGET=127.0.0.1:$metrics
.venv/bin/tc metrics serve --port "$metrics" >"$folder/metrics.log" 2>&1 &
metrics_pid=$!

if "${compose[@]}" up -d >"$folder/compose.log" 2>&1; then
  printf 'compose-test: FAILED: it came up without TC_GRAFANA_PASSWORD\n' >&2
  exit 1
fi
grep -q TC_GRAFANA_PASSWORD "$folder/compose.log" || { cat "$folder/compose.log" >&2 && exit 1; }
export TC_GRAFANA_PASSWORD=of-this-test
"${compose[@]}" up -d >"$folder/compose.log" 2>&1 || { cat "$folder/compose.log" >&2 && exit 1; }
.venv/bin/python scripts/compose_wiring.py || {
  "${compose[@]}" logs --tail 20 >&2
  exit 1
}
