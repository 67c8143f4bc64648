#!/usr/bin/env bash
# Installs the Debian packages that some tests need, where that is possible: as root, with apt-get. Without them those tests skip,
# saying so; where CI is set they fail, all but the browser's.
set -euo pipefail

readonly packages=(
  chromium                # looks at pages at phone and desktop width
  prometheus              # scrapes, evaluates the alert rules and proves them (promtool)
  prometheus-alertmanager # sends alerts on
)
readonly library=libfaketime # lets the clock of some processes jump, and of no others; it has no command
readonly policy=/usr/sbin/policy-rc.d # what Debian asks before it starts a service

missing=()
for package in "${packages[@]}"; do
  command -v "$package" >/dev/null || missing+=("$package")
done
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=("$library")
((${#missing[@]})) || exit 0

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "system-packages: not installed, the tests that need them skip: ${missing[*]}" >&2
  exit 0
fi

# Debian starts what it installs. Here only the programs are wanted, not services: they are not started, now or at the next boot.
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
echo "system-packages: installing ${missing[*]}" >&2
installed() { # A registry may be out of reach for a moment.
  local attempt
  for attempt in 1 2 3; do
    apt-get update -qq && apt-get install -qq --yes --no-install-recommends "${missing[@]}" && return
    sleep "$((attempt * 5))"
  done
  return 1
}
if ! installed >/tmp/tc-system-packages.log 2>&1; then
  echo "system-packages: apt-get failed, the tests that need them skip: ${missing[*]}; see /tmp/tc-system-packages.log" >&2
fi

if [[ -d /run/systemd/system ]]; then
  for package in "${missing[@]}"; do
    [[ $package == chromium ]] || systemctl disable --quiet "$package.service" || true
  done
fi
