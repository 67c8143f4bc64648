#!/bin/sh
# Writes whom Prometheus asks (TC_METRICS_TARGET) and tells (TC_ALERTMANAGER_PORT), then becomes it. Nothing but a POSIX shell is
# needed. TC_FOLDER has prometheus.yml and rules/, and targets/ in it can be written; TC_STORAGE is where series are kept.
set -eu
folder=${TC_FOLDER:-/etc/prometheus}
printf -- '- targets: ["%s"]\n' "${TC_METRICS_TARGET:-127.0.0.1:8000}" >"$folder/targets/tc.yml"
printf -- '- targets: ["127.0.0.1:%s"]\n' "${TC_ALERTMANAGER_PORT:-9093}" >"$folder/targets/alertmanager.yml"
port=${TC_PROMETHEUS_PORT:-9090}

# What fires before the Alertmanager is known, some seconds after the start, is told five seconds later, not a minute.
exec "${TC_PROMETHEUS:-/bin/prometheus}" \
  --config.file="$folder/prometheus.yml" \
  --storage.tsdb.path="${TC_STORAGE:-/prometheus}" \
  --storage.tsdb.retention.time=15d \
  --storage.tsdb.retention.size=4GB \
  --rules.alert.resend-delay=5s \
  --web.external-url="http://127.0.0.1:$port/" \
  --web.listen-address="127.0.0.1:$port"
