#!/usr/bin/env bash
# Proves that neurocards-core depends on no SQL, HTTP, Telegram or command line crate, and on no crate of the house.
set -euo pipefail
cd "$(dirname "$0")/.."

forbidden='^(sqlx.*|rusqlite|tokio-postgres|diesel|reqwest|hyper.*|ureq|axum.*|tower-http|actix.*|warp|teloxide.*|frankenstein|telers|clap.*|miette|indicatif|ratatui|crossterm|neurocards.+)$'
tree=$(cargo tree --locked --package neurocards-core --edges normal,build --prefix none --format '{p}')
found=$(awk '{print $1}' <<<"$tree" | sort -u | grep -vx neurocards-core | grep -E "$forbidden" || true)
if [ -n "$found" ]; then
    printf 'neurocards-core must not depend on:\n%s\n' "$found" >&2
    exit 1
fi
echo "neurocards-core: $(awk '{print $1}' <<<"$tree" | sort -u | wc -l) packages, none of SQL, HTTP, Telegram or command line"
