"""What is held of very many files."""

from datetime import datetime
from pathlib import Path

import pytest

from callmood.call import CallFacts, Recording
from callmood.pipeline.intake import packed
from callmood.pipeline.intake.packed import FileHash, FileHashes, Packed
from callmood.remote import as_path


@pytest.fixture
def recordings(monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    monkeypatch.setattr(packed, "_ITEMS", 3)
    facts = CallFacts("anna", "5551234", started_at=datetime(2026, 11, 20, 9, 14), metadata={"line": "2"})
    paths = [Path("/calls/1.wav"), as_path("s3://calls/2.wav"), Path("/calls/\udcff.wav"), *map(Path, "abcd")]
    return [
        Recording(f"{number:064x}", path, number, facts, path if number % 2 else None)
        for number, path in enumerate(paths)
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_what_is_packed_comes_out_as_it_was(recordings: list[Recording], count: int) -> None:
    held = Packed(recordings[:count])
    assert (list(held), len(held)) == (recordings[:count], count)
    assert [type(one.path) for one in held] == [type(one.path) for one in recordings[:count]]
    assert [held[at] for at in range(-count, count)] == recordings[:count] * 2
    assert held[1:5] == recordings[1:count][:4]
    with pytest.raises(IndexError):
        held[count]


def test_hashes_are_those_that_were_kept() -> None:
    one, other = FileHash(5, 10**18 + 1, "ab" * 32), FileHash(0, 0, "00" * 32)
    hashes = FileHashes({"1.wav": one, "2.wav": one})
    hashes["2.wav"] = other
    assert dict(hashes) == {"1.wav": one, "2.wav": other}
    del hashes["1.wav"]
    assert ("1.wav" in hashes, hashes.get("1.wav"), len(hashes)) == (False, None, 1)
