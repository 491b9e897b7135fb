#!/bin/sh
# start.sh: serve the workbench to others, in a container, on a Space, or behind a reverse proxy.
# What it can be told is listed in deploy/README.md.
set -eu
cd "$(dirname "$0")/.."

# Models that are pulled have to lie somewhere that can be written to; a Space keeps only what is in /data. Elsewhere
# the usual place is the best one: what `crr pull` and `hf auth login` have put there is found.
if [ -z "${HF_HOME:-}" ]; then
    if [ -w /data ]; then export HF_HOME=/data/huggingface
    elif [ ! -w "${HOME:-/nowhere}" ]; then export HF_HOME="${TMPDIR:-/tmp}/huggingface"; fi
fi
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-20000}"
# A connection takes a file descriptor, and usually there are 1024: whoever comes then is not answered.
ulimit -S -n 65536 2>/dev/null || ulimit -S -n "$(ulimit -H -n)" 2>/dev/null || true

# Who asks is read from CRR_PROXY_HEADER, and from no header that a visitor may write.
export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS-}"

if [ -z "${PYTHON:-}" ] && [ -x .venv/bin/python ]; then PYTHON=.venv/bin/python; fi
if ! command -v "${PYTHON:-python}" >/dev/null; then
    echo "Error: PYTHON is '${PYTHON:-python}', and there is no such program; run 'make install', which makes .venv/bin/python." >&2
    exit 1
fi

# What is wrong with a setting is for whoever starts this, and not for visitors.
"${PYTHON:-python}" -m workbench.server.start

if [ -n "${SPACE_ID:-}" ]; then most=64; else most=200; fi
set -- --server.headless true --server.address "${ADDRESS:-0.0.0.0}" --server.port "${PORT:-8501}" \
    --server.maxUploadSize "${CRR_MAX_UPLOAD_MB:-$most}"
set -f  # a star is a name here, and no file
for host in $(echo "${CRR_ALLOWED_HOSTS:-${SPACE_HOST:-*}}" | tr ',' ' '); do set -- "$@" --server.allowedHosts "$host"; done
if [ -n "${SPACE_ID:-}" ]; then
    # A Space is shown in a frame on another site, where browsers hold back its cookies: with the check of its
    # cookie every upload would be refused. With a sign-in Streamlit checks it all the same.
    set -- "$@" --server.enableXsrfProtection false
fi
sign_in="${TMPDIR:-/tmp}/crr-sign-in-${PORT:-8501}.toml"
told=0; "${PYTHON:-python}" -m workbench.server.sign_in "$sign_in" || told=$?
case $told in
    0) set -- "$@" --secrets.files "$sign_in" ;;
    3) ;;  # none is set
    *) exit 1 ;;  # without the one that is wanted, anybody would be believed
esac
exec "${PYTHON:-python}" -m streamlit run server.py "$@"
