# shellcheck shell=bash
# Shared by the scripts in this directory: where things are, and steps that say what they do, how long they took and where their log is.
# Usage: `source "$(dirname "$0")/lib.sh"` with `set -euo pipefail` in the caller.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
BUILD="$ROOT/build"
LOGS="$BUILD/logs"
VENV="$ROOT/.venv"               # Python 3.11, ansible-core 2.19
VENV_NEWEST="$ROOT/.venv-newest" # Python 3.13, the newest ansible-core
NAMESPACE=beekeeper
NAME=hivemq
mkdir -p "$LOGS"

say() { printf '==> %s\n' "$*"; }
die() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# link_collection: Ansible and Python find a collection only below ansible_collections/NAMESPACE/NAME; a link makes the checkout one.
link_collection() {
  local parent="$BUILD/collections/ansible_collections/$NAMESPACE"
  mkdir -p "$parent"
  [ -L "$parent/$NAME" ] || ln -sfn ../../../.. "$parent/$NAME"
}

# need_venvs: both environments, made or brought up to date; nothing is done or printed when they are.
need_venvs() {
  "$ROOT/.ci/venv" .venv 3.11 requirements-dev.txt
  "$ROOT/.ci/venv" .venv-newest 3.13 requirements-newest.txt
}

# step NAME COMMAND...: runs the command with its output in build/logs/NAME.log. Prints a line before and after, a line every
# 30 s in between, and the end of the log when it fails. Returns the command's exit code, so that a script can go on after a failure:
# `step lint-ruff ruff check . || failed=1`. Bash ignores `set -e` in a function called like that: chain its commands with `&&`.
# With STEP_RESULTS set, appends "NAME <tab> exit code <tab> seconds" to that file. STEP_SHOW=N prints the last N lines on success too.
step() {
  local name="$1" log started pid rc=0 ticks=0 took
  shift
  log="$LOGS/${name//[^A-Za-z0-9._-]/-}.log"
  started="$(date +%s)"
  say "$name"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    ticks=$((ticks + 1))
    if [ $((ticks % 150)) -eq 0 ]; then
      printf '    %s: %s s, at: %s\n' "$name" "$(($(date +%s) - started))" "$(tail -n 1 "$log" | tr -d '\r' | cut -c 1-140)"
    fi
  done
  wait "$pid" || rc=$?
  took=$(($(date +%s) - started))
  if [ -n "${STEP_RESULTS:-}" ]; then printf '%s\t%s\t%s\n' "$name" "$rc" "$took" >>"$STEP_RESULTS"; fi
  if [ "$rc" -ne 0 ]; then
    printf '    --- the last lines of %s ---\n' "${log#"$ROOT"/}"
    tail -n "${STEP_TAIL:-60}" "$log" | cut -c 1-400 | sed 's/^/    /'
    printf 'FAILED: %s after %s s (exit code %s); its log: %s\n' "$name" "$took" "$rc" "${log#"$ROOT"/}"
    return "$rc"
  fi
  if [ -n "${STEP_SHOW:-}" ]; then tail -n "$STEP_SHOW" "$log" | cut -c 1-200 | sed 's/^/    /'; fi
  printf '    %s: ok, %s s\n' "$name" "$took"
}
