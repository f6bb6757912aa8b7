#!/usr/bin/env bash
# Tests the extension: types, lint, unit tests, and the package in real VS Code (code-server).
#
#   editors/vscode/test.sh FOLDER SERVER CHROMIUM
#
# FOLDER keeps the installed packages, so that the next run needs no network. Nothing is written to
# the repository. HOPLENS_PICTURES is a folder for the screenshots of the documentation.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
mkdir -p "$1"
folder="$(cd "$1" && pwd)"
server="$2"
chromium="$3"
version="$(sed -n 's/.*"code-server": "\(.*\)".*/\1/p' "$root/editors/vscode/e2e/tools/package.json")"

quiet() { npm "$@" --silent --no-audit --no-fund; }

# Packaging and code-server need a newer Node than many machines have.
mkdir -p "$folder/node" "$folder/tools"
[ -x "$folder/node/node_modules/node/bin/node" ] || quiet install --prefix "$folder/node" node@24
export PATH="$folder/node/node_modules/node/bin:$PATH"

source="$folder/source/editors/vscode"
mkdir -p "$source"
find "$source" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +
tar -C "$root" --exclude=node_modules --exclude=dist --exclude=out -cf - \
    editors/vscode crates/ide/src/documents/heads_page schemas examples docs/images LICENSE-MIT LICENSE-APACHE |
    tar -C "$folder/source" -xf -
cd "$source"
if ! cmp -s package-lock.json "$folder/installed-lock.json"; then
    quiet ci --ignore-scripts
    cp package-lock.json "$folder/installed-lock.json"
fi
npm run --silent typecheck
npm run --silent lint
npm run --silent check:page
npm test --silent

tools="$folder/tools"
if [ "$(cat "$folder/installed-code-server" 2>/dev/null)" != "$version" ]; then
    # One of its native modules needs the headers of this library.
    if [ ! -e /usr/include/gssapi/gssapi.h ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && apt-get install -y -qq libkrb5-dev >/dev/null
    fi
    rm -rf "$tools" && mkdir -p "$tools"
    cp e2e/tools/package.json "$tools/"
    if ! quiet install --prefix "$tools"; then
        echo "SKIPPED: code-server cannot be installed on this machine, so the tests in VS Code did not run"
        exit 0
    fi
    echo "$version" >"$folder/installed-code-server"
fi
node e2e/run.mjs --tools "$tools" --chromium "$chromium" --server "$server" \
    --pictures "${HOPLENS_PICTURES:-$folder/pictures}"
