#!/usr/bin/env bash
# Makes sure that tests have a PostgreSQL: the one that NEUROCARDS_TEST_DATABASE_URL names, or installed server binaries,
# of which each test process starts a cluster of its own. Installs them where that needs no question.
set -euo pipefail

there() {
    [ -n "${NEUROCARDS_TEST_DATABASE_URL:-}" ] || command -v initdb >/dev/null ||
        compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

there && exit 0
stop() {
    printf 'scripts/bring-postgres.sh: PostgreSQL is missing, and %s.\n%s\n' "$1" \
        'Install its server, 15 or newer (Debian, Ubuntu: apt-get install postgresql), or set NEUROCARDS_TEST_DATABASE_URL to
a server whose user may create databases.' >&2
    exit 1
}

command -v apt-get >/dev/null || stop "there is no apt-get to install it with"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || stop "this user may not install it without a password"
    as_root=(sudo -n)
fi
echo "scripts/bring-postgres.sh: installing PostgreSQL for the tests" >&2
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends postgresql >&2
}
install || { "${as_root[@]}" apt-get update >&2 && install; } || stop "apt-get could not install it"
there || stop "what apt-get installed has no initdb"
