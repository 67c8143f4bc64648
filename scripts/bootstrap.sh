#!/usr/bin/env bash
# Sets this clone up: finds a Python >= 3.12 and uv, then syncs .venv from uv.lock. Safe to run again; a second run changes nothing.
# UV_PYTHON chooses the interpreter; what is downloaded goes to .tools/, .venv/ and uv's cache, never to the system.
# `scripts/bootstrap.sh uv ARG…` runs that uv instead, in the same surroundings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly uv_version=0.13.8
readonly uv_oldest=0.9.0 # the oldest uv on PATH that is taken instead of our own

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

# A pyenv shim is on PATH and yet fails when no such version is selected: only a Python that runs counts.
python_is_at_least() { # 3.12 /path/to/python
  "$2" -c "import sys; raise SystemExit(sys.version_info < ($(tr . , <<<"$1"),))" >/dev/null 2>&1
}

pythons() { # every interpreter that may be here, the versions this project is developed on first
  local minor folder
  for minor in 13 12 14; do
    type -ap "python3.$minor" || true
    for folder in "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3."$minor"* \
      /opt/homebrew /usr/local /home/linuxbrew/.linuxbrew \
      /opt/homebrew/opt/python@3."$minor" /usr/local/opt/python@3."$minor"; do
      [[ ! -x $folder/bin/python3.$minor ]] || printf '%s\n' "$folder/bin/python3.$minor"
    done
  done
  type -ap python3 python || true
}

first_python() { # 3.12
  local python
  while IFS= read -r python; do
    if python_is_at_least "$1" "$python"; then
      printf '%s\n' "$python"
      return
    fi
  done < <(pythons)
  return 1
}

chosen_python() { # what uv is told; nothing when uv shall fetch one
  if [[ -n ${UV_PYTHON:-} ]]; then
    printf '%s\n' "$UV_PYTHON"
  elif python_is_at_least 3.12 .venv/bin/python; then
    printf '.venv/bin/python\n'
  else
    first_python 3.12 || true
  fi
}

uv_is_new_enough() { # /path/to/uv
  local found
  found=$("$1" --version 2>/dev/null | cut -d' ' -f2) && [[ -n $found ]] || return 1
  [[ $(printf '%s\n' "$uv_oldest" "$found" | sort -V | head -n 1) == "$uv_oldest" ]]
}

install_uv() { # into .tools/uv; a private venv, because some systems refuse `pip install` (PEP 668)
  local python
  python=$(first_python 3.9) || die \
    "neither uv nor a Python >= 3.9 was found." \
    "Install one of them (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install uv;" \
    "others: https://docs.astral.sh/uv/getting-started/installation/), then run this again."
  say "getting uv $uv_version into .tools/uv (with $python)"
  rm -rf .tools/uv
  if ! "$python" -m venv .tools/uv >/dev/null 2>&1; then
    rm -rf .tools/uv
    die "$python cannot make a virtual environment." "Debian, Ubuntu: apt-get install python3-venv; then run this again."
  fi
  .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version" || {
    rm -rf .tools/uv
    die "uv could not be downloaded from the package index; see pip's message above."
  }
}

main() {
  command -v git >/dev/null || say "git is missing: runs will not record the commit of their code (Debian: apt-get install git; macOS: xcode-select --install)"

  local uv python
  uv=$(type -p uv || true)
  if ! uv_is_new_enough "${uv:-uv}"; then
    uv=.tools/uv/bin/uv
    uv_is_new_enough "$uv" || install_uv
  fi

  # Where the machine has its own certificates (a company's proxy), uv takes them instead of the ones it carries.
  [[ ! -e /etc/ssl/certs && ! -e /etc/ssl/cert.pem ]] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
  [[ -n ${HOME:-} && -w $HOME ]] || export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.tools/uv-cache}"

  if [[ ${1:-} == uv ]]; then
    shift
    exec "$uv" "$@"
  fi

  python=$(chosen_python)
  if [[ -z $python ]]; then
    say "no Python >= 3.12 was found here; uv fetches 3.13"
    python=3.13
  fi
  [[ -e .venv ]] || say "making .venv with Python $python from uv.lock (a few hundred MB the first time)"
  env -u VIRTUAL_ENV "$uv" sync --frozen --all-extras --quiet --python "$python" ||
    die "uv could not make .venv from uv.lock; see its message above." \
      "Another interpreter can be chosen: UV_PYTHON=/path/to/python3.13 make setup"
}

main "$@"
