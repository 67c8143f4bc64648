#!/bin/sh
# Copies alertmanager.yml to TC_STORAGE, a webhook in each receiver whose variable is set, then becomes Alertmanager. Nothing but
# a POSIX shell is needed.
set -eu
umask 077 # an address may hold a secret
folder=${TC_FOLDER:-/etc/alertmanager} storage=${TC_STORAGE:-/alertmanager}

webhook() { # URL whether-it-is-told-of-the-end
  case $1 in
    *[!!-~]* | *\'*) echo "$1 is no address" >&2 && exit 2 ;;
  esac
  printf "    webhook_configs:\n      - url: '%s'\n        send_resolved: %s\n" "$1" "$2"
}

while IFS= read -r line; do
  printf '%s\n' "$line"
  case $line in
    "  - name: people") [ -z "${TC_ALERT_WEBHOOK_URL:-}" ] || webhook "$TC_ALERT_WEBHOOK_URL" true ;;
    "  - name: dead-mans-switch") [ -z "${TC_DEAD_MANS_SWITCH_URL:-}" ] || webhook "$TC_DEAD_MANS_SWITCH_URL" false ;;
  esac
done <"$folder/alertmanager.yml" >"$storage/alertmanager.yml"

# Gossip with other Alertmanagers is off: it would listen on every address of the machine.
exec "${TC_ALERTMANAGER:-/bin/alertmanager}" \
  --config.file="$storage/alertmanager.yml" \
  --storage.path="$storage" \
  --cluster.listen-address= \
  --web.external-url="http://127.0.0.1:${TC_ALERTMANAGER_PORT:-9093}/" \
  --web.listen-address="127.0.0.1:${TC_ALERTMANAGER_PORT:-9093}"
