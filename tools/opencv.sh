#!/bin/sh
# opencv.sh PYTHON: make sure that `import cv2` works.
# opencv-python links to libGL and GLib, which servers and containers often lack. The headless build of the same
# version needs neither; what it lacks are windows, and nothing here opens one.
set -eu
python=$1

if "$python" -c 'import cv2' 2>/dev/null; then
    exit
fi

echo "OpenCV cannot be loaded here, most likely for want of libGL: taking its headless build."
# Both packages fill the folder cv2/: whichever is installed last is the one that counts.
"$python" -m pip install --quiet --no-deps --force-reinstall --require-hashes \
    --requirement "$(dirname "$0")/../locks/headless.txt"
"$python" -c 'import cv2' || {
    echo "OpenCV cannot be loaded; the line above names what is missing." >&2
    echo "On Debian or Ubuntu: apt-get install libgl1 libglib2.0-0" >&2
    exit 1
}
