#!/usr/bin/env bash
# Installs cargo-deny where it is missing. It takes some minutes.
set -euo pipefail
cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
