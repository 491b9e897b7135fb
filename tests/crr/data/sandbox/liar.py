"""A decoding process that a file has taken over: what it answers is made up."""

import os
import sys
from multiprocessing.connection import Connection

ANSWERS = {
    "too few pixels": b'{"size": [2000, 2000]}',
    "too many pixels": b'{"size": [100000, 100000]}',
    "no size": b'{"size": [-1, 20]}',
    "nothing": b"{}",
    "something else": b'{"facts": {"digest": "", "header": null}}',
    "very much": b'{"error": "' + bytes(2**21) + b'"}',
    "too large, again and again": b'{"large": true}',
    "nonsense": b"\x80\x04cos\nsystem\n",
}
HALF = "half an answer"


def main() -> None:
    connection = Connection(int(sys.argv[1]))
    connection.send_bytes(b"ready")
    connection.recv_bytes()
    if os.environ["CRR_TEST_LIE"] == HALF:
        os.write(connection.fileno(), b"\x00\x00\x00\x10half")
    else:
        connection.send_bytes(ANSWERS[os.environ["CRR_TEST_LIE"]])
    connection.recv_bytes()


if __name__ == "__main__":
    main()
