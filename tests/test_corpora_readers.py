"""Readers of the published corpora: names, metadata, labels, and what is wrong with a folder, in a sentence."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sounds import write_audio

from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LABEL_SETS, TABLE, label_of
from callmood.training.corpora.registry import READERS, native_clips, read_clips
from callmood.training.measure.corpus_card import PAPER

SHARED = Path(__file__).parents[2] / "shared" / "text"
LISTS = SHARED / "EmoBox_splits"
METADATA = SHARED / "CREMA-D_metadata"
EMOBOX_NAMES = {"Fear": "fearful", "Surprise": "surprised"}
here = pytest.mark.skipif(not LISTS.is_dir(), reason="EmoBox's lists are not beside the repository")

TREES = {
    "ravdess": ("Actor_01/03-01-05-02-01-01-01.wav", "Actor_02/03-01-02-01-02-02-02.wav"),
    "tess": ("YAF_angry/YAF_back_angry.wav", "OAF_Pleasant_surprise/OA_bite_ps.wav"),
    "cremad": ("AudioWAV/1001_IEO_ANG_HI.wav", "AudioWAV/1002_DFA_NEU_XX.wav"),
    "savee": ("ALL/DC_a01.wav", "KL/su02.wav"),
    "emodb": ("wav/03a01Fa.wav", "wav/14b10Wc.wav"),
    "emovo": ("f1/dis-f1-b1.wav", "m2/rab-m2-d2.wav"),
    "nemo": ("samples/KS0_surprised_38.wav", "samples/EB0_anger_1.wav"),
    "librispeech": ("1688/142285/1688-142285-0000.flac", "61/70968/61-70968-0003.flac"),
}


def tree(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def facts(clip: Clip) -> tuple[object, ...]:
    return clip.speaker, clip.native, clip.gender, clip.intensity, clip.text


def test_ravdess_names_are_read(tmp_path: Path) -> None:
    sung = "Actor_01/03-02-05-02-02-01-01.wav"
    found = native_clips("ravdess", tree(tmp_path, (*TREES["ravdess"], sung, "notes.txt")))
    assert [facts(clip) for clip in found] == [
        ("ravdess-01", "angry", "male", "strong", "Kids are talking by the door"),
        ("ravdess-02", "calm", "female", "normal", "Dogs are sitting by the door"),
    ]


def test_tess_names_are_read(tmp_path: Path) -> None:
    found = native_clips("tess", tree(tmp_path, TREES["tess"]))
    assert [facts(clip) for clip in found] == [
        ("tess-old", "ps", "female", "normal", "Say the word bite"),
        ("tess-young", "angry", "female", "normal", "Say the word back"),
    ]


def test_cremad_names_are_read_with_the_tables_beside_them(tmp_path: Path) -> None:
    folder = tree(tmp_path, (*TREES["cremad"], "processedResults/x"))
    assert [clip.gender for clip in native_clips("cremad", folder)] == [None, None]
    (folder / "VideoDemographics.csv").write_text('"ActorID","Age","Sex"\n1001,51,"Male"\n1002,21,"Female"\n')
    (folder / "processedResults" / "summaryTable.csv").write_text(
        '"","FileName","VoiceVote"\n"1","1001_IEO_ANG_HI","A:D"\n"2","1002_DFA_NEU_XX","S"\n'
    )
    for place in (folder, folder / "AudioWAV"):
        found = native_clips("cremad", place)
        assert [facts(clip) for clip in found] == [
            ("cremad-1001", "ANG", "male", "strong", "It's eleven o'clock"),
            ("cremad-1002", "NEU", "female", "normal", "Don't forget a jacket"),
        ]
        assert [clip.agreement for clip in found] == [0.5, 0.0]


def test_emodb_names_are_read(tmp_path: Path) -> None:
    found = native_clips("emodb", tree(tmp_path, (*TREES["emodb"], "erkennung.txt")))
    assert [facts(clip) for clip in found] == [
        ("emodb-03", "happiness", "male", "normal", "Der Lappen liegt auf dem Eisschrank."),
        (
            "emodb-14",
            "anger",
            "female",
            "normal",
            "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
        ),
    ]


def test_boredom_is_left_out(tmp_path: Path) -> None:
    folder = tree(tmp_path, (*TREES["emodb"], "wav/16a02Lb.wav"))
    assert [clip.label for clip in read_clips([("emodb", folder)], "calls")] == ["happy", "angry"]


def test_emovo_names_are_read(tmp_path: Path) -> None:
    found = native_clips("emovo", tree(tmp_path, TREES["emovo"]))
    assert [facts(clip) for clip in found] == [
        ("emovo-f1", "dis", "female", "normal", None),
        ("emovo-m2", "rab", "male", "normal", None),
    ]


def test_nemo_names_are_read_with_the_table_beside_them(tmp_path: Path) -> None:
    folder = tree(tmp_path, TREES["nemo"])
    (folder / "data.tsv").write_text(
        "file_id\temotion\traw_text\tgender\nKS0_surprised_38.wav\tsurprised\t„Ród smoka” to serial.\tmale\n",
        encoding="utf-8",
    )
    for place in (folder, folder / "samples"):
        assert [facts(clip) for clip in native_clips("nemo", place)] == [
            ("nemo-EB0", "anger", None, "normal", None),
            ("nemo-KS0", "surprised", "male", "normal", "„Ród smoka” to serial."),
        ]


def test_librispeech_is_neutral_and_its_speakers_have_the_genders_of_the_table(tmp_path: Path) -> None:
    folder = tree(tmp_path / "test-other", TREES["librispeech"])
    (tmp_path / "SPEAKERS.TXT").write_text(";ID |SEX\n61   | M | test-clean\n1688 | F | test-other\n")
    assert [facts(clip) for clip in native_clips("librispeech", folder)] == [
        ("librispeech-1688", "neutral", "female", "normal", None),
        ("librispeech-61", "neutral", "male", "normal", None),
    ]


def test_ordinary_recordings_are_cut_into_pieces_of_one_speaker_a_channel(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_audio(tmp_path / "a" / "one.wav", np.zeros((1, 16_000 * 14), np.float32))
    write_audio(tmp_path / "two.wav", np.zeros((2, 16_000 * 8), np.float32))
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    found = native_clips("ordinary", tmp_path)
    assert [(clip.speaker, clip.channel, clip.start_s, clip.end_s) for clip in found] == [
        ("ordinary-a/one", None, 0.0, 6.0),
        ("ordinary-a/one", None, 6.0, 12.0),
        ("ordinary-two-0", 0, 0.0, 6.0),
        ("ordinary-two-1", 1, 0.0, 6.0),
    ]
    assert {clip.native for clip in found} == {"neutral"}


def test_savee_is_read_in_either_layout(tmp_path: Path) -> None:
    found = native_clips("savee", tree(tmp_path, TREES["savee"]))
    assert [facts(clip) for clip in found] == [
        ("savee-DC", "a", "male", "normal", None),
        ("savee-KL", "su", "male", "normal", None),
    ]


EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tang\t[2.5000, 2.5000, 2.5000]
C-E2:\tAnger; Frustration;\t()
C-E3:\tNeutral;\t()
C-F1:\tAnger;\t()
A-E3:\tval 3; act 2; dom  2;\t()

[10.0100 - 11.3925]\tSes01F_impro01_M001\txxx\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
"""


@pytest.fixture
def iemocap(tmp_path: Path) -> Path:
    session = tmp_path / "IEMOCAP_full_release" / "Session1"
    wavs = "sentences/wav/Ses01F_impro01/Ses01F_impro01_{}.wav"
    tree(session, (wavs.format("F000"), wavs.format("M001"), "dialog/EmoEvaluation/._Ses01F_impro01.txt"))
    tree(session, ("dialog/transcriptions/Ses01F_impro01.txt",))
    (session / "dialog/EmoEvaluation/Ses01F_impro01.txt").write_text(EVALUATION)
    (session / "dialog/transcriptions/Ses01F_impro01.txt").write_text(
        "Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\nM: off the record\n"
    )
    return tmp_path


def test_iemocap_s_dialogues_are_read(iemocap: Path) -> None:
    for folder in (iemocap, iemocap / "IEMOCAP_full_release", iemocap / "IEMOCAP_full_release" / "Session1"):
        first, second = native_clips("iemocap", folder)
        assert facts(first) == ("iemocap-01F", "ang", "female", "normal", "Excuse me.")
        assert facts(second) == ("iemocap-01M", "xxx", "male", "normal", None)
        assert (first.agreement, second.agreement) == (0.5, None)
    assert [clip.label for clip in read_clips([("iemocap", iemocap)], "paper")] == ["angry"]


def test_a_missing_utterance_is_named(iemocap: Path) -> None:
    next(iemocap.rglob("*M001.wav")).unlink()
    with pytest.raises(CallmoodError, match=r"lacks sentences/wav/Ses01F_impro01/Ses01F_impro01_M001\.wav"):
        native_clips("iemocap", iemocap)


def test_folders_of_linked_actors_are_read(tmp_path: Path) -> None:
    real = tree(tmp_path / "real", TREES["ravdess"])
    linked = tmp_path / "linked"
    linked.mkdir()
    try:
        (linked / "Actor_01").symlink_to(real / "Actor_01", target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    assert {clip.speaker for clip in native_clips("ravdess", linked)} == {"ravdess-01"}


def test_what_a_mac_leaves_beside_a_file_is_no_clip(tmp_path: Path) -> None:
    folder = tree(tmp_path, (*TREES["ravdess"], "Actor_01/._03-01-05-02-01-01-01.wav"))
    assert len(native_clips("ravdess", folder)) == 2


@pytest.mark.parametrize("name", READERS)
def test_a_folder_of_something_else_gets_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=f"holds no clips of {name}"):
        read_clips([(name, tmp_path)], "calls")
    with pytest.raises(CallmoodError, match="is not a folder"):
        read_clips([(name, tmp_path / "nowhere")], "calls")


def test_an_unknown_corpus_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=r"no corpus crema-d \(did you mean cremad\?\)"):
        read_clips([("crema-d", tmp_path)], "calls")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("tess", "YAF_dog_bored.wav"),
        ("cremad", "1001_DFA_BOR_XX.wav"),
        ("savee", "DC_b01.wav"),
        ("ravdess", "03-01-09-01-01-01-01.wav"),
    ],
)
def test_an_unknown_label_is_named_with_its_file(name: str, file: str, tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=f"{file} has the label"):
        read_clips([(name, tree(tmp_path, (file,)))], "calls")


def test_every_mapping_is_into_its_label_set() -> None:
    for corpus, natives in TABLE.items():
        for native in natives:
            for label_set, labels in LABEL_SETS.items():
                label = label_of(Clip(corpus, Path("x"), "x", native=native), label_set)
                assert label is None or label in labels
    assert "neutral" not in LABEL_SETS["paper"] and "calm" not in LABEL_SETS["calls-merged"]
    assert LABEL_SETS["calls"] == LABELS


@pytest.mark.parametrize(
    ("native", "paper", "calls"),
    [("exc", None, "happy"), ("dis", None, "disgust"), ("fru", None, None), ("neu", None, "neutral")],
)
def test_iemocap_s_labels_differ_by_set(native: str, paper: str | None, calls: str | None) -> None:
    clip = Clip("iemocap", Path("x"), "x", native=native)
    assert (label_of(clip, "paper"), label_of(clip, "calls")) == (paper, calls)


def listed(corpus: str) -> list[dict[str, object]]:
    lines = (LISTS / corpus / f"{corpus}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@here
@pytest.mark.parametrize("corpus", ["ravdess", "tess", "cremad", "savee"])
def test_readers_agree_with_emobox_s_lists(corpus: str, tmp_path: Path) -> None:
    names = json.loads((LISTS / corpus / "label_map.json").read_text(encoding="utf-8"))
    wanted = {}
    for line in listed(corpus):
        name = names[line["emo"]]
        wanted[Path(str(line["wav"])).stem] = EMOBOX_NAMES.get(name, name.lower())
    folder = tree(tmp_path, tuple(f"{stem}.wav" for stem in wanted))
    assert {clip.path.stem: clip.label for clip in read_clips([(corpus, folder)], "calls")} == wanted
    of_paper = Counter(clip.label for clip in read_clips([(corpus, folder)], "paper"))
    assert of_paper == PAPER[corpus]


@here
@pytest.mark.parametrize("corpus", ["ravdess", "tess", "cremad", "savee"])
def test_no_clip_that_the_paper_counts_is_under_a_second_as_recorded(corpus: str) -> None:
    assert min(float(str(line["length"])) for line in listed(corpus)) >= 1.0


@pytest.mark.skipif(not METADATA.is_dir(), reason="CREMA-D's tables are not beside the repository")
def test_cremad_s_own_tables_tell_of_every_clip(tmp_path: Path) -> None:
    for name in ("VideoDemographics.csv", "processedResults/summaryTable.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((METADATA / name).read_bytes())
    stems = (METADATA / "SentenceFilenames.csv").read_text().replace('"', "").split()[1:]
    found = native_clips("cremad", tree(tmp_path, tuple(f"{stem.split(',')[1]}.wav" for stem in stems)))
    assert len(found) == 7442 and len({clip.speaker for clip in found}) == 91
    assert all(clip.gender and clip.text and clip.agreement is not None for clip in found)
    assert {clip.gender for clip in found} == {"female", "male"}


def test_the_paper_s_counts_add_up() -> None:
    sums = Counter[str]()
    for counts in PAPER.values():
        sums.update(counts)
    assert sums == {
        "angry": 2955,
        "calm": 192,
        "disgust": 1923,
        "fearful": 1927,
        "happy": 2499,
        "sad": 2995,
        "surprised": 745,
    }
    assert sum(sums.values()) == 13_236
