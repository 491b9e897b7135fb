import errno
import os
import subprocess
import sys

import pytest
from filelock import FileLock

from crr.errors import CRRError
from crr.runtime.files import claimed

HOLD = "import sys\nfrom pathlib import Path\nfrom crr.runtime.files import claimed\n"
HOLD += "with claimed(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"


@pytest.fixture
def other(tmp_path):
    """Another process that holds a claim on the folder, until somebody closes its stdin or kills it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_that_is_not_there_is_made_and_nothing_stays_in_it(tmp_path):
    with claimed(tmp_path / "new" / "runs"):
        (tmp_path / "new" / "runs" / "mine").touch()
    assert [path.name for path in (tmp_path / "new" / "runs").iterdir()] == ["mine"]


def test_another_process_is_refused_until_the_first_is_done(other, tmp_path):
    refused = pytest.raises(CRRError, match=r"^Another run is writing into .* wait until it is done, or cho")
    with refused, claimed(tmp_path):
        pytest.fail("two write into one folder")
    other.communicate("")
    with claimed(tmp_path):
        pass


def test_the_claim_of_a_killed_process_holds_nobody_up(other, tmp_path):
    other.kill()
    other.wait()
    with claimed(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def fails(code: int):
    def acquire(_):
        raise OSError(code, os.strerror(code))

    return acquire


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_the_file_system_has_no_locks_work_goes_on(tmp_path, monkeypatch, code):
    monkeypatch.setattr(FileLock, "acquire", fails(code))
    with claimed(tmp_path):
        (tmp_path / "mine").touch()
    assert (tmp_path / "mine").exists()


def test_a_claim_that_this_account_may_not_touch_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(FileLock, "acquire", fails(errno.EACCES))
    refused = pytest.raises(CRRError, match=r"cannot be claimed \(Permission denied\): somebody else writes")
    with refused, claimed(tmp_path):
        pytest.fail("two write into one folder")
