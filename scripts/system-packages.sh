#!/usr/bin/env bash
# Installs the Debian packages that some tests need, where that is possible: as root, with apt-get. Those tests skip, saying so, without them.
set -euo pipefail

readonly packages=(chromium) # looks at report.html at phone and desktop width

missing=()
for package in "${packages[@]}"; do
  command -v "$package" >/dev/null || missing+=("$package")
done
((${#missing[@]})) || exit 0

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "system-packages: not installed, the tests that need them skip: ${missing[*]}" >&2
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
echo "system-packages: installing ${missing[*]}" >&2
if ! { apt-get update -qq && apt-get install -qq --yes --no-install-recommends "${missing[@]}"; } >/tmp/tc-system-packages.log 2>&1; then
  echo "system-packages: apt-get failed, the tests that need them skip: ${missing[*]}; see /tmp/tc-system-packages.log" >&2
fi
