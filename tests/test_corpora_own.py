"""A user's own clips: a folder with a CSV, and segments corrected in callmood's database."""

from pathlib import Path

import pytest
from factory import AGENT, CUSTOMER, make_call, make_recording

from callmood.errors import CallmoodError
from callmood.store import Connection, start_scan, write_call
from callmood.store.corrections import correct, corrections
from callmood.training.corpora.registry import read_clips


def folder_of(place: Path, *rows: str) -> Path:
    (place / "a.wav").touch()
    (place / "clips.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return place


def test_the_csv_s_columns_are_read(tmp_path: Path) -> None:
    folder_of(
        tmp_path,
        "File,Label,speaker,gender,text,intensity,agreement,start_s,end_s,channel",
        "a.wav,Angry,Ann,F,Enough!,strong,0.75,1.5,3,1",
        "a.wav,neutral,Bob,,,,,,,",
    )
    first, second = read_clips([("own", tmp_path)], "calls")
    assert (first.label, first.speaker, first.gender, first.text) == ("angry", "own-Ann", "female", "Enough!")
    assert (first.intensity, first.agreement, first.start_s, first.end_s) == ("strong", 0.75, 1.5, 3.0)
    assert (first.channel, second.channel, second.text, second.end_s) == (1, None, None, None)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (("file,label,speaker", "a.wav,angry,"), "row 2, has no speaker. Clips are split by speaker"),
        (("file,label", "a.wav,angry"), "has no speaker"),
        (("file,label,speaker", ",,Ann"), "has no file and no label"),
        (("file,label,speaker", "b.wav,angry,Ann"), "names b.wav, which is not beside it"),
        (("file,label,speaker", "a.wav,cross,Ann"), "has the label 'cross', which own does not have"),
        (("file,label,speaker,end_s", "a.wav,sad,Ann,soon"), "has soon as end_s"),
        (("file,label,speaker,gender", "a.wav,sad,Ann,x"), "has the gender x"),
    ],
)
def test_a_wrong_row_gets_a_sentence(rows: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=sentence):
        read_clips([("own", folder_of(tmp_path, *rows))], "calls")


def test_a_folder_takes_one_csv(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="has 0 CSV files"):
        read_clips([("own", tmp_path)], "calls")


@pytest.fixture
def call_id(db: Connection, tmp_path: Path) -> str:
    (tmp_path / "call.wav").touch()
    write(db, tmp_path)
    return make_recording("call.wav").id


def write(db: Connection, folder: Path) -> None:
    call = make_call(
        ((AGENT, 0.0, 2.0, "hello"), (CUSTOMER, 2.0, 4.0, "hi there")), path=folder / "call.wav", agent="Anna"
    )
    write_call(db, start_scan(db, {}, {}, {}), "model", call)


def test_corrected_segments_are_clips(db: Connection, call_id: str, tmp_path: Path) -> None:
    correct(db, call_id, 0, "happy")
    correct(db, call_id, 1, "angry")
    db.close()
    agent, customer = read_clips([("own", tmp_path / "callmood.duckdb")], "calls")
    assert (agent.label, agent.speaker, agent.text) == ("happy", "own-agent Anna", "hello")
    assert (customer.label, customer.speaker) == ("angry", f"own-{call_id[:16]} speaker 1")
    assert (customer.channel, customer.start_s, customer.end_s) == (1, 2.0, 4.0)


def test_another_scan_loses_no_correction(db: Connection, call_id: str, tmp_path: Path) -> None:
    correct(db, call_id, 1, "sad")
    correct(db, call_id, 1, "angry")
    write(db, tmp_path)
    assert [(one.label, one.text) for one in corrections(db)] == [("angry", "hi there")]


def test_what_can_t_be_corrected_gets_a_sentence(db: Connection, call_id: str) -> None:
    with pytest.raises(CallmoodError, match="no label cross"):
        correct(db, call_id, 0, "cross")
    with pytest.raises(CallmoodError, match="no segment 9"):
        correct(db, call_id, 9, "sad")


def test_recordings_that_are_gone_are_counted(db: Connection, call_id: str, tmp_path: Path) -> None:
    correct(db, call_id, 0, "happy")
    db.close()
    (tmp_path / "call.wav").unlink()
    remarks: list[str] = []
    with pytest.raises(CallmoodError, match="holds no clips of own"):
        read_clips([("own", tmp_path / "callmood.duckdb")], "calls", remarks.append)
    assert len(remarks) == 1 and "left out: 1 corrected recording whose file is gone, such as" in remarks[0]
