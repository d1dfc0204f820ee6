# Shared by the scripts beside it: a virtual environment, and Debian packages that are missing. Sourced, not run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV="${MICDROP_VENV:-.venv}"
PYTHON="$VENV/bin/python"

say() { printf '\n== %s\n' "$*" >&2; }

# Install Debian packages, as root or by sudo; say what to do where neither is possible.
debian_install() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Missing: $*. Install it as root: apt-get install $*" >&2; exit 1; }
    as_root=(sudo)
  fi
  command -v apt-get >/dev/null || { echo "Missing: $*. Install it with your system's package manager." >&2; exit 1; }
  say "Installing from Debian: $*"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Make the virtual environment and install into it what pip is given, unless that was done before for this pyproject.
environment() {
  command -v python3 >/dev/null || debian_install python3
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    { echo "Python 3.10 or newer is needed; this is $(python3 --version)." >&2; exit 1; }
  python3 -c 'import ensurepip, venv' 2>/dev/null || debian_install python3-venv
  local stamp="$VENV/.installed-$(printf '%s ' "$@" | tr -c 'a-z\n' '-')"
  if [ ! -x "$PYTHON" ]; then
    say "Making the virtual environment $VENV"
    python3 -m venv "$VENV"
  fi
  if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    say "Installing into $VENV: $*"
    "$PYTHON" -m pip install --quiet --upgrade "pip>=25.1"  # the first that knows --group
    "$PYTHON" -m pip install --quiet "$@"
    touch "$stamp"
  fi
}

# Node, for building and checking the bundle, never for installing the package.
node_tools() {
  command -v node >/dev/null && command -v npm >/dev/null || debian_install nodejs npm
}

# The front end's development tools.
node_environment() {
  if [ ! -d js/node_modules ] || [ js/package-lock.json -nt js/node_modules ]; then
    say "Installing the front end's development tools into js/node_modules"
    (cd js && npm ci --silent --no-audit --no-fund --loglevel=error && touch node_modules)
  fi
}
