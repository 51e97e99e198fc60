"""Words get the times at which an alignment network hears their letters, and keep those that it can't tell."""

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sounds import CALLS
from test_transcribe import MultilingualModel, decoded_by, noise

from callmood.call import Speaker, Turn, Word
from callmood.errors import CallmoodError
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.transcribe.align import Aligner, AlignmentModel, load_aligner
from callmood.pipeline.transcribe.decoder import Decoder
from callmood.pipeline.transcribe.recogniser import check_models
from callmood.pipeline.transcribe.transcriber import Transcriber, load_transcriber
from callmood.settings import TranscribeSettings
from callmood.sound import SAMPLE_RATE

ANNA = CALLS / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"
CODES = {"<pad>": 0, "|": 1, **{letter: code for code, letter in enumerate("abcdefghijklmnopqrstuvwxyz'", 2)}}
FRAMES_PER_S = 50


def hearing(heard: dict[float, str], codes: dict[str, int] = CODES) -> AlignmentModel:
    """A network that hears these characters at these times, each for a frame."""

    def network(sound: torch.Tensor) -> Any:
        logits = torch.zeros(1, sound.shape[1] * FRAMES_PER_S // SAMPLE_RATE, len(codes))
        logits[:, :, 0] = 10.0
        for at_s, character in heard.items():
            logits[0, round(at_s * FRAMES_PER_S), [0, codes[character]]] = torch.tensor([0.0, 10.0])
        return SimpleNamespace(logits=logits)

    return AlignmentModel(network, "cpu", codes, "|" in codes)


def aligned(
    model: AlignmentModel,
    words: Sequence[tuple[str, float, float]],
    start_s: float = 100.0,
    length_s: float = 4.0,
) -> list[tuple[str, float, float]]:
    """Words after alignment, with times from the start of their segment, as those of ``words``."""
    aligner = Aligner("model", "cpu")
    aligner._models[""] = model
    rough = [Word(text, start_s + begin, start_s + end, 0.9) for text, begin, end in words]
    sound = np.zeros(round(length_s * SAMPLE_RATE), np.float32)
    found = aligner(sound, rough, start_s, "en")
    assert [word.probability for word in found] == [0.9] * len(words)
    return [(word.text, round(word.start_s - start_s, 3), round(word.end_s - start_s, 3)) for word in found]


def test_words_have_the_times_at_which_their_letters_are_heard() -> None:
    model = hearing({1.0: "h", 1.1: "i", 1.2: "|", 2.0: "y", 2.1: "o", 2.2: "u"})
    (hi, you) = aligned(model, [("Hi,", 0.0, 0.5), ("you!", 0.5, 3.9)])
    assert hi[0] == "Hi," and hi[1:] == pytest.approx((1.0, 1.2), abs=0.03)
    assert you[0] == "you!" and you[1:] == pytest.approx((2.0, 2.22), abs=0.03)


def test_a_word_that_no_pause_ends_is_not_longer_than_spoken_words_are() -> None:
    codes = {name: code for code, name in enumerate(["<pad>", *"hiyou"])}
    model = hearing({0.2: "h", 0.3: "i", 3.5: "y", 3.6: "o", 3.7: "u"}, codes)
    (hi, you) = aligned(model, [("Hi", 0.0, 0.5), ("you", 0.5, 3.9)])
    assert hi[1:] == pytest.approx((0.2, 2.2), abs=0.03) and you[1] == pytest.approx(3.5, abs=0.03)


def test_numbers_in_digits_keep_their_times_between_their_neighbours() -> None:
    model = hearing({1.0: "i", 1.1: "s", 1.2: "|", 3.0: "o", 3.1: "k"})
    found = aligned(model, [("is", 0.1, 0.5), ("47", 1.5, 2.5), ("ok", 2.6, 2.8)])
    assert found[1] == ("47", 1.5, 2.5)
    found = aligned(model, [("is", 0.1, 0.5), ("47", 0.5, 3.9), ("ok", 3.9, 4.0)])
    assert found[1][1] >= found[0][2] and found[1][2] <= found[2][1]


@pytest.mark.parametrize("text", ["4711", "!", "你好"])
def test_words_without_a_letter_that_is_known_keep_their_times(text: str) -> None:
    assert aligned(hearing({1.0: "a"}), [(text, 0.4, 0.9)]) == [(text, 0.4, 0.9)]


def test_what_is_said_faster_than_the_network_can_hear_keeps_its_times() -> None:
    words = [("abcdefgh", 0.0, 0.05), ("ijklmnop", 0.05, 0.1)]
    assert aligned(hearing({}), words, length_s=0.1) == words
    assert aligned(hearing({}), words, length_s=0.01) == words


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learnt nothing, as one comes from a hub."""
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    folder = tmp_path_factory.mktemp("wav2vec2")
    vocabulary = {name.upper() if len(name) == 1 else name: code for name, code in CODES.items()}
    (folder / "vocab.json").write_text(json.dumps({**vocabulary, "<unk>": len(CODES)}))
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        vocab_size=len(CODES) + 1,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        pad_token_id=0,
    )
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    tokenizer = Wav2Vec2CTCTokenizer(
        str(folder / "vocab.json"), pad_token="<pad>", unk_token="<unk>", bos_token=None, eos_token=None
    )
    Wav2Vec2Processor(Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


def test_a_network_from_a_folder_aligns_what_is_transcribed(folder: Path) -> None:
    audio = decode(ANNA)
    turns = [Turn(0, 0.3, 9.0), Turn(1, 9.2, 14.0)]
    speakers = (Speaker(0, 0), Speaker(1, 1))
    settings = TranscribeSettings(align_model=str(folder))
    (rough,) = load_transcriber(TranscribeSettings(), "cpu").transcribe([(audio.samples, turns, speakers)])
    (found,) = load_transcriber(settings, "cpu").transcribe([(audio.samples, turns, speakers)])
    assert [one.text for one in found.segments] == [one.text for one in rough.segments]
    assert found.warnings == rough.warnings == ()
    changed = 0
    for segment, before in zip(found.segments, rough.segments, strict=True):
        assert [word.text for word in segment.words] == [word.text for word in before.words]
        times = [segment.start_s, *(time for word in segment.words for time in (word.start_s, word.end_s))]
        assert all(one <= two + 1e-9 for one, two in pairwise([*times, segment.end_s]))
        changed += segment.words != before.words
    assert changed


@pytest.mark.parametrize("broken", ["config.json", "vocab.json", "model.safetensors"])
def test_a_folder_that_is_no_network_is_told_in_a_sentence(folder: Path, tmp_path: Path, broken: str) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(b"" if file.name == broken else file.read_bytes())
    with pytest.raises(CallmoodError, match=r"^The alignment model .* can't be loaded"):
        load_aligner(TranscribeSettings(align_model=str(tmp_path)), "cpu", "en")
    (tmp_path / broken).unlink()
    with pytest.raises(CallmoodError, match=r"is not an alignment model|can't be loaded"):
        load_aligner(TranscribeSettings(align_model=str(tmp_path)), "cpu", "en")


def test_a_network_that_brings_code_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Evil"}}))
    with pytest.raises(CallmoodError, match="names code to run"):
        check_models(TranscribeSettings(align_model=str(tmp_path)))


@pytest.mark.parametrize("name", ["no/such-model", "nothing", "./nowhere"])
def test_a_named_network_that_is_not_here_is_told_before_the_scan(name: str) -> None:
    with pytest.raises(CallmoodError, match=r"callmood downloads nothing|There is no alignment model"):
        check_models(TranscribeSettings(align_model=name))


@pytest.mark.parametrize("language", ["en", "pl"])
def test_nothing_is_fetched_of_a_language_whose_network_is_not_here(
    language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CallmoodError, match="is not on this machine, and callmood downloads nothing"):
        load_aligner(TranscribeSettings(align=True), "cpu", language)


def test_a_language_that_has_no_network_says_so() -> None:
    with pytest.raises(CallmoodError, match="WhisperX names no alignment model for Welsh"):
        load_aligner(TranscribeSettings(align=True), "cpu", "cy")


def test_a_call_in_a_language_that_has_no_network_keeps_its_times_and_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoder = Decoder(MultilingualModel(), batch_size=16)  # type: ignore[arg-type]
    decoded_by(decoder, monkeypatch, (Word("Guten", 1.0, 2.0, 0.9), Word("Tag.", 2.0, 3.0, 0.9)))
    aligner = Aligner(None, "cpu")
    aligner._models["de"] = CallmoodError("There is no network.")
    transcriber = Transcriber(decoder, TranscribeSettings(), None, aligner)
    (transcript,) = transcriber.transcribe([(noise(90, 1), [Turn(0, 0, 90)], (Speaker(0, 0),))])
    assert "The words have rough times. There is no network." in transcript.warnings
    assert transcript.segments[0].words[0] == Word("Guten", 1.0, 2.0, 0.9)


def test_only_a_scan_that_aligns_imports_whisperx() -> None:
    program = """
import sys
from callmood.pipeline.transcribe.transcriber import load_transcriber
from callmood.settings import TranscribeSettings
load_transcriber(TranscribeSettings(), "cpu")
print([name for name in ("torch", "transformers", "whisperx") if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
