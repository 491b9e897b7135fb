#!/bin/sh
# venv.sh DIRECTORY: make sure that DIRECTORY is a working virtual environment with Python 3.11 or newer.
# $PYTHON names the interpreter to use; without it the usual names are tried.
set -eu
venv=$1
recent='import sys; sys.exit(sys.version_info < (3, 11))'

if "$venv/bin/python" -c "import pip; $recent" 2>/dev/null; then
    exit
fi

for python in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
    if "$python" -c "$recent" 2>/dev/null; then
        # --clear: what is there is broken, too old, or was left by an interrupted run.
        "$python" -m venv --clear "$venv" && exit
        rm -rf "$venv"
        echo "$python cannot make a virtual environment." >&2
        echo "On Debian or Ubuntu: apt-get install python3-venv, then run make again." >&2
        exit 1
    fi
done
echo "CRR needs Python 3.11 or newer, and ${PYTHON:-no Python here} is none." >&2
echo "Install one, or name the one you have: make PYTHON=/path/to/python3.11 ..." >&2
exit 1
