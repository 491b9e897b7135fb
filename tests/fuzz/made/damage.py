"""Damaged files: whole ones with fields edited, bytes changed, stretches cut, doubled or taken out."""

from collections.abc import Callable

from hypothesis import strategies as st

from tests.fuzz.made.fields import fields, with_checksums
from tests.fuzz.made.seeds import seeds

_TELLING = [0, 1, 2, 3, 4, 8, 12, 15, 16, 17, 20, 32, 64, 255, 256, 4000, 8000, 16000, 32767, 32768, 65535]
_TELLING += [65536, 10**6, 64 * 10**6, 2**24 - 1, 2**31 - 1, 2**31, 2**32 - 1]

_Damage = tuple[Callable[..., bytes], int, int, int]


def damaged_files() -> st.SearchStrategy[bytes]:
    """Files of every kind with up to four damages each."""
    return st.builds(_damaged, st.sampled_from(sorted(seeds())), st.lists(_damages(), min_size=1, max_size=4))


def _damages() -> st.SearchStrategy[_Damage]:
    places = st.integers(0, 2**16)
    numbers = st.one_of(st.sampled_from(_TELLING), st.integers(0, 2**32 - 1))
    ways = [_field_edited, _field_edited, _byte_changed, _cut, _doubled, _taken_out, _blanked]
    return st.tuples(st.sampled_from(ways), places, st.integers(1, 300), numbers)


def _damaged(seed: str, damages: list[_Damage]) -> bytes:
    data = seeds()[seed]
    for damage, place, length, number in damages:
        if len(data) > 16:
            data = with_checksums(damage(data, place % len(data), length, number))
    return data


def _field_edited(data: bytes, place: int, length: int, number: int) -> bytes:
    known = [field for field in fields(data) if sum(field[:2]) <= len(data)]
    if not known:
        return data
    start, size, order = known[(place + length) % len(known)]
    value = (number % 256**size).to_bytes(size, "little" if order == "little" else "big")
    return data[:start] + value + data[start + size :]


def _byte_changed(data: bytes, place: int, _length: int, number: int) -> bytes:
    return data[:place] + bytes([number % 256]) + data[place + 1 :]


def _cut(data: bytes, place: int, _length: int, _number: int) -> bytes:
    return data[: max(16, place)]


def _doubled(data: bytes, place: int, length: int, number: int) -> bytes:
    return data[:place] + data[place : place + length] * (2 + number % 3) + data[place + length :]


def _taken_out(data: bytes, place: int, length: int, _number: int) -> bytes:
    return data[:place] + data[place + length :]


def _blanked(data: bytes, place: int, length: int, number: int) -> bytes:
    stretch = data[place : place + length]
    return data[:place] + bytes([number % 2 * 255]) * len(stretch) + data[place + length :]
