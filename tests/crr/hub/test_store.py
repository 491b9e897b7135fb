"""The models from the Hub that lie on this machine."""

import os
import time

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import WeakFileLock

from crr.errors import HubError
from crr.hub import Hub, HubName, Store, find, size_of
from tests.crr.hub.arrival import NAME, WEIGHTS, asked, bits


def test_what_was_left_by_a_crash_is_no_model_and_in_nobodys_way(hub, server, files):
    commit = server.add(NAME.repo, files)
    pulled = hub.pull(NAME)
    for leftover in (f"{commit}.gone", f"{commit}.part"):
        (pulled.path.parent / leftover).mkdir()
        (pulled.path.parent / leftover / "pulled.json").write_bytes(
            (pulled.path / "pulled.json").read_bytes()
        )
    assert hub.store.all() == [pulled]
    assert hub.store.find(HubName(NAME.repo, commit[:7])) == pulled
    (pulled.path / "pulled.json").write_text("damaged")
    (pulled.path.parent / "refs.json").write_text("[]")
    assert hub.store.all() == []
    assert bits(hub.pull(NAME).path) == files


@pytest.mark.parametrize("file", ["config.json", WEIGHTS])
def test_a_model_that_lost_a_file_is_pulled_again(hub, server, files, file):
    server.add(NAME.repo, files)
    (hub.pull(NAME).path / file).unlink()
    assert hub.store.all() == []
    assert bits(find(NAME.repo, hub=hub)) == files


def test_a_model_is_removed_with_its_size(hub, server, files):
    server.add(NAME.repo, files)
    pulled = hub.pull(NAME)
    size = pulled.bytes
    assert size > sum(map(len, files.values()))  # and the note
    assert hub.store.delete(pulled) == size
    assert hub.store.all() == []
    assert hub.store.find(NAME) is None


def test_a_pull_updates_and_a_name_means_what_it_meant_when_it_was_pulled(hub, server, files):
    first = server.add(NAME.repo, files)
    old = hub.pull(NAME)
    second = server.add(NAME.repo, {**files, "README.md": b"---\nlicense: mit\n---\n# Newer\n"})
    assert find(NAME.repo, hub=hub) == old.path
    new = hub.pull(NAME)
    assert (old.commit, new.commit) == (first, second)
    assert find(NAME.repo, hub=hub) == new.path
    assert find(f"{NAME.repo}@{first[:7]}", hub=hub) == old.path
    assert len(hub.store.all()) == 2
    server.repos[NAME.repo].tags["v1"] = first
    before = len(server.requests)
    assert hub.pull(HubName(NAME.repo, "v1")).path == old.path
    assert asked(server, before) == []


def test_a_whole_commit_that_is_here_is_not_asked_for(hub, server, files):
    commit = server.add(NAME.repo, files)
    pulled = hub.pull(HubName(NAME.repo, commit))
    before = len(server.requests)
    assert hub.pull(HubName(NAME.repo, commit)) == pulled
    assert hub.store.find(HubName(NAME.repo, commit[:7])) == pulled
    assert find(f"{NAME.repo}@{commit}", hub=hub) == pulled.path
    assert len(server.requests) == before


def test_a_tag_that_looks_like_a_commit_is_a_tag(hub, server, files, monkeypatch):
    first = server.add(NAME.repo, files)
    server.repos[NAME.repo].tags["20251127"] = first
    dated = HubName(NAME.repo, "20251127")
    pulled = hub.pull(dated)
    assert hub.store.find(dated) == pulled
    second = server.add(NAME.repo, {**files, "README.md": b"# Moved"})
    server.repos[NAME.repo].tags["20251127"] = second
    assert hub.pull(dated).commit == second
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.pull(dated).commit == second


def test_weights_that_are_here_in_another_revision_are_not_sent_again(hub, server, files):
    server.add(NAME.repo, files)
    hub.pull(NAME)
    server.add(NAME.repo, {**files, "README.md": b"# Another card"})
    before, heard = len(server.requests), []
    pulled = hub.pull(NAME, heard.append)
    assert bits(pulled.path) == {**files, "README.md": b"# Another card"}
    assert not [line for line in asked(server, before) if WEIGHTS in line]
    (pulled.path / WEIGHTS).write_bytes(b"damaged")
    (hub.pull(HubName(NAME.repo, pulled.commit)).path / "pulled.json").unlink()  # so that it is pulled anew
    assert bits(hub.pull(NAME).path)[WEIGHTS] == files[WEIGHTS]


@pytest.mark.parametrize(("file", "content"), [("config.json", b"{}"), (WEIGHTS, b"damaged")])
def test_a_damaged_model_is_pulled_again(hub, server, files, file, content):
    server.add(NAME.repo, files)
    pulled = hub.pull(NAME)
    (pulled.path / file).write_bytes(content)
    assert bits(hub.pull(NAME).path) == files
    (pulled.path / file).write_bytes(content)
    assert bits(hub.pull(HubName(NAME.repo, pulled.commit)).path) == files


def test_a_name_means_the_last_pull_that_is_here_if_nothing_says_otherwise(hub, server, files):
    server.add(NAME.repo, files)
    old = hub.pull(NAME)
    server.add(NAME.repo, {**files, "README.md": b"# Newer"})
    hub.store.delete(hub.pull(NAME))
    assert hub.store.find(NAME) == old
    (old.path.parent / "refs.json").write_text("damaged")
    assert hub.store.find(NAME) == old
    (old.path / "pulled.json").write_text('{"repo": 5}')
    assert hub.store.all() == []


def test_a_tag_may_hold_what_git_allows(hub, server, files):
    commit = server.add(NAME.repo, files)
    server.repos[NAME.repo].tags["v1.0+cpu"] = commit
    name = HubName.parse(f"{NAME.repo}@v1.0+cpu")
    assert hub.store.find(name) is None
    assert hub.pull(name) == hub.store.find(name)


def test_a_removal_that_broke_off_is_finished_by_the_next(hub, server, files):
    server.add(NAME.repo, files)
    pulled = hub.pull(NAME)
    gone = pulled.path.with_name(f"{pulled.commit}.gone")
    gone.mkdir()
    (gone / "model.safetensors").write_bytes(b"left")
    assert hub.store.delete(pulled) > 0
    assert not gone.exists()
    assert not pulled.path.exists()
    assert hub.store.delete(pulled) == 0  # somebody else was faster


def test_a_stopped_pull_is_kept_for_a_week_and_goes_with_its_model(hub, server, files):
    stopped, done = server.add(NAME.repo, files), server.add(NAME.repo, {**files, "README.md": b"# Newer"})
    part = hub.store.part(NAME.repo, stopped)
    part.mkdir(parents=True)
    (part / WEIGHTS).write_bytes(b"half")
    pulled = hub.pull(NAME)
    assert pulled.commit == done
    assert part.exists()
    with WeakFileLock(hub.store.lock(NAME.repo, stopped)):  # somebody pulls it at this moment
        hub.store.delete(pulled)
    assert part.exists()
    old = time.time() - 8 * 24 * 3600
    for path in (part / WEIGHTS, part):
        os.utime(path, (old, old))
    hub.pull(NAME)
    assert not part.exists()
    part.mkdir()
    hub.store.delete(hub.pull(NAME))
    assert not part.exists()


def test_sizes_read_well():
    assert [size_of(count) for count in (10_000, 7_600_000, 2_500_000_000)] == ["0.0 MB", "7.6 MB", "2.50 GB"]


def test_the_model_unused_longest_makes_room_for_a_new_one(hub, server, files, tmp_path):
    size = sum(map(len, files.values()))
    names = [HubName(f"owner/{name}") for name in ("a", "b", "c")]
    for name in names:
        server.add(name.repo, files)
    store = Store(tmp_path / "small", most=2 * size + 2000)  # two, with what is noted of each
    small = Hub(server.endpoint, store=store)
    first, second = (small.pull(name) for name in names[:2])
    os.utime(first.path, (1, 1))
    os.utime(second.path, (2, 2))
    store.note_use(first.path)  # somebody used it since
    small.pull(names[2])
    assert [one.name.repo for one in store.all()] == ["owner/a", "owner/c"]
    assert not [*second.path.parent.glob("*.used")]
    with pytest.raises(HubError, match="all pulled models together may have 10"):
        Hub(server.endpoint, store=Store(tmp_path / "tiny", most=10)).pull(names[0])
    assert hub.pull(names[0]).bytes >= size  # without a limit


def test_what_stopped_pulls_left_counts_and_goes_first_and_what_is_on_its_way_keeps_its_room(tmp_path):
    store, names = Store(tmp_path, most=100), [HubName(f"owner/{name}") for name in "abc"]
    commits = [digit * 40 for digit in "123"]
    first, second, third = zip(names, commits, strict=True)
    (tmp_path / ".locks").mkdir()
    store.make_room(*first, 60)
    store.part(first[0].repo, first[1]).joinpath("model.safetensors").write_bytes(bytes(5))
    with WeakFileLock(store.lock(first[0].repo, first[1])):  # somebody goes on with it
        with pytest.raises(HubError, match="Other models are on their way"):
            store.make_room(*second, 60)
        store.make_room(*second, 40)
    store.make_room(*third, 60)  # now both stand still: one of them goes
    assert [store.part(name.repo, commit).exists() for name, commit in (first, second)] == [False, True]
