#!/usr/bin/env bash
# Passes all tests. Needs Rust, a C/C++ compiler and the crate registry; brings everything else itself, the server
# binaries of PostgreSQL included where apt-get can be used without a question.
set -euo pipefail
cd "$(dirname "$0")/.."

missing() {
    printf 'scripts/test.sh: %s is missing. %s\n' "$1" "$2" >&2
    exit 1
}
command -v cargo >/dev/null || missing cargo "Install Rust 1.94 or newer: https://rustup.rs"
command -v cc >/dev/null || missing "a C compiler" "On Debian or Ubuntu: apt-get install build-essential"
command -v c++ >/dev/null || missing "a C++ compiler" "On Debian or Ubuntu: apt-get install build-essential"

scripts/bring-postgres.sh

# A snapshot that differs fails; `cargo insta review` or INSTA_UPDATE=always accepts it.
export INSTA_UPDATE="${INSTA_UPDATE:-no}"
cargo test --workspace --locked "$@"
