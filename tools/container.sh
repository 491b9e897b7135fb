#!/bin/sh
# container.sh PYTHON BACKEND: install what the workbench needs into the environment of PYTHON, for the Dockerfile.
# BACKEND is uv's word for the machine that PyTorch is made for: cpu, cu132, ...
# Every file is compared with its hash in locks/, but for those of a PyTorch that locks/ does not have.
set -eu
python=$1
backend=$2
here=$(dirname "$0")/..

install() {
    # Compiled here, because who starts it may not write there: larger, but it starts in half the time.
    uv pip install --python "$python" --no-cache --compile-bytecode --only-binary :all: "$@"
}

install --no-deps --require-hashes --requirement "$here/locks/workbench.txt"
if [ "$backend" = cu132 ]; then
    # The build that the registry has for Linux, where everybody else takes it from.
    install --no-deps --require-hashes --requirement "$here/locks/torch.txt"
elif [ -f "$here/locks/torch-$backend.txt" ]; then
    install --no-deps --require-hashes --torch-backend "$backend" --requirement "$here/locks/torch-$backend.txt"
else
    echo "PyTorch for $backend is pinned by its version alone: there is no locks/torch-$backend.txt." >&2
    install --torch-backend "$backend" --constraint "$here/constraints.txt" torch torchvision
fi
uv pip check --python "$python"
