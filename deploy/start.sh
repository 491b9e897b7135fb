#!/bin/sh
# start.sh: serve the workbench to others, in a container, on a Space, or behind a reverse proxy.
# What it can be told is listed in deploy/README.md.
set -eu
cd "$(dirname "$0")/.."

# Models that are pulled have to lie somewhere that can be written to; a Space keeps only what is in /data.
if [ -z "${HF_HOME:-}" ]; then
    if [ -w /data ]; then HF_HOME=/data/huggingface; else HF_HOME=${TMPDIR:-/tmp}/huggingface; fi
    export HF_HOME
fi
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-20000}"

set -- --server.headless true --server.address "${ADDRESS:-0.0.0.0}" --server.port "${PORT:-8501}" \
    --server.maxUploadSize "${CRR_MAX_UPLOAD_MB:-200}"
if [ -n "${SPACE_ID:-}" ]; then
    # A Space is shown in a frame on another site, where browsers hold back its cookies: with the check of its
    # cookie every upload would be refused. There is no login that the check could protect.
    set -- "$@" --server.enableXsrfProtection false
fi
exec "${PYTHON:-python}" -m streamlit run streamlit_app.py "$@"
