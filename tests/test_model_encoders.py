"""Encoders: vectors do not depend on the batch, and Whisper's encoder is the one in the package."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from callmood.bundled_weights import TINY_EN
from callmood.errors import CallmoodError
from callmood.model import encode, pooling
from callmood.model.encode import AudioSettings, TextSettings
from callmood.model.loudness import SHORTEST, levelled, prepared, trimmed
from callmood.model.networks.ctranslate2_file import read_tensors
from callmood.model.networks.mel import log_mel
from callmood.model.networks.whisper import tiny_en, whisper_hidden
from callmood.sound import SAMPLE_RATE

SECONDS = (0.2, 1.3, 0.7, 2.0)


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(0, 0.1, int(SAMPLE_RATE * s)).astype(np.float32) for s in SECONDS]


@pytest.fixture(scope="module")
def whisper() -> Any:
    return tiny_en()


def tiny_waveform_encoder(kind: str, folder: Path, norm: str) -> str:
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8, 8),
        conv_stride=(20, 16),
        conv_kernel=(40, 16),
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        feat_extract_norm=norm,
        conv_bias=norm == "layer",
    )
    torch.manual_seed(1)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    return str(folder)


def test_mel_is_that_of_transformers(clips: list[np.ndarray]) -> None:
    from transformers import WhisperFeatureExtractor

    samples, lengths = encode.padded(clips)
    mel, frames = log_mel(samples, lengths)
    extractor = WhisperFeatureExtractor()
    for clip, ours, count in zip(clips, mel, frames.tolist(), strict=True):
        theirs = extractor(clip, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features[0]
        assert count % 2 == 0
        torch.testing.assert_close(ours[:, :count], theirs[:, :count], atol=1e-4, rtol=0)
        assert not ours[:, count:].any()


def test_package_weights_give_what_ctranslate2_computes(whisper: Any) -> None:
    import ctranslate2
    from transformers import WhisperFeatureExtractor

    sound = np.random.default_rng(2).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    mel = WhisperFeatureExtractor()(sound, sampling_rate=SAMPLE_RATE, return_tensors="np").input_features
    folder = str(TINY_EN.path().parent)
    model = ctranslate2.models.Whisper(folder, compute_type="float32", intra_threads=1)
    wanted = np.array(model.encode(ctranslate2.StorageView.from_array(mel)))
    with torch.inference_mode():
        hidden, _ = whisper_hidden(whisper, torch.from_numpy(mel), torch.tensor([mel.shape[2]]))
        found = whisper.layer_norm(hidden[-1]).numpy()
    assert np.abs(found - wanted).max() < 0.05


@pytest.mark.parametrize("version", [5, 7])
def test_other_ctranslate2_versions_are_refused(version: int) -> None:
    with pytest.raises(CallmoodError, match=f"version {version}"):
        read_tensors(version.to_bytes(4, "little"))


def test_whisper_vectors_do_not_depend_on_the_batch(whisper: Any, clips: list[np.ndarray]) -> None:
    together = encode.audio_vectors([whisper], AudioSettings(), clips)
    assert together.shape == (4, 2 * 5 * 384)
    for clip, vector in zip(clips, together, strict=True):
        alone = encode.audio_vectors([whisper], AudioSettings(), [clip])[0]
        np.testing.assert_allclose(alone, vector, atol=2e-3)


@pytest.mark.parametrize("kind", ["Hubert", "Wav2Vec2", "WavLM"])
@pytest.mark.parametrize("norm", ["layer", "group"])
def test_waveform_encoders_load_from_a_folder(
    tmp_path: Path, clips: list[np.ndarray], kind: str, norm: str
) -> None:
    encoder = encode.load_audio_encoder(tiny_waveform_encoder(kind, tmp_path, norm))
    mean = encode.audio_vectors([encoder], AudioSettings(("x",), "last", "mean"), clips)
    everything = encode.audio_vectors([encoder], AudioSettings(("x",), "all", "mean-std"), clips)
    assert mean.shape == (4, 16) and everything.shape == (4, 2 * 3 * 16)
    assert np.isfinite(everything).all()
    if norm == "layer":  # the others normalise over the padding, as they were trained to
        alone = encode.audio_vectors([encoder], AudioSettings(("x",), "last", "mean"), clips[:1])
        np.testing.assert_allclose(alone, mean[:1], atol=1e-4)


def test_other_encoders_and_wrong_names_are_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    BertModel(
        BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    ).save_pretrained(tmp_path)
    with pytest.raises(CallmoodError, match="is a bert"):
        encode.load_audio_encoder(str(tmp_path))
    with pytest.raises(CallmoodError, match="can't be loaded"):
        encode.load_audio_encoder(str(tmp_path.parent))


@pytest.mark.parametrize("library", ["huggingface_hub", "transformers"])
def test_an_encoder_that_is_not_on_this_machine_is_reported(library: str) -> None:
    records: list[logging.LogRecord] = []
    listener = logging.Handler()
    listener.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger(library)

    class Absent:
        @staticmethod
        def from_pretrained(*_: object, **__: object) -> None:
            logging.getLogger(f"{library}.utils._http").warning("Retrying in 1s")
            raise OSError("We couldn't find it\nin the cache")

    logger.addHandler(listener)
    try:
        with pytest.raises(CallmoodError, match=r"callmood downloads nothing\. Run 'hf download a/b' once"):
            encode.pretrained(Absent, "a/b")
        assert not records
        logging.getLogger(f"{library}.utils._http").warning("logged later")
        assert len(records) == 1
    finally:
        logger.removeHandler(listener)


def test_code_beside_an_encoder_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}')
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass\n")
    with pytest.raises(CallmoodError, match="can't be loaded"):
        encode.load_audio_encoder(str(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_are_read_as_weights_only(tmp_path: Path) -> None:
    from transformers import HubertConfig

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    HubertConfig().save_pretrained(tmp_path)
    torch.save({"weight": Evil()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CallmoodError, match="can't be loaded"):
        encode.load_audio_encoder(str(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_texts_are_pooled_over_their_own_tokens_only() -> None:
    encoder, tokenizer = encode.load_text_encoder(encode.MINILM)
    texts = ["no", "I have been waiting for forty minutes and nobody told me anything", "thank you"]
    together = encode.text_vectors(encoder, tokenizer, TextSettings(), texts)
    assert together.shape == (3, 768)
    alone = encode.text_vectors(encoder, tokenizer, TextSettings(), texts[:1])
    np.testing.assert_allclose(alone, together[:1], atol=1e-4)


def test_pooling_ignores_the_padding() -> None:
    states = torch.tensor([[[1.0], [3.0], [99.0]]])
    mask = torch.tensor([[True, True, False]])
    torch.testing.assert_close(pooling.mean([states, 2 * states], mask), torch.tensor([[2.0, 4.0]]))
    torch.testing.assert_close(
        pooling.mean_std([states, 2 * states], mask), torch.tensor([[2.0, 4.0, 1.0, 2.0]])
    )
    torch.testing.assert_close(pooling.token_mean_max(states, mask), torch.tensor([[2.0, 3.0]]))


def test_long_clips_are_encoded_in_windows(whisper: Any) -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, 31 * SAMPLE_RATE).astype(np.float32)
    vector = encode.audio_vectors([whisper], AudioSettings(), [sound])
    assert vector.shape == (1, 3840) and np.isfinite(vector).all()


def test_batches_hold_similar_lengths_and_everything_once() -> None:
    batches = list(encode.length_batches([5, 1, 9, 5, 2], max_size=10))
    assert batches == [[2], [0, 3], [4, 1]]


def test_silent_ends_are_cut_and_the_level_does_not_matter() -> None:
    tone = 0.3 * np.sin(np.arange(SAMPLE_RATE) / 8).astype(np.float32)
    sound = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), tone, np.zeros(2 * SAMPLE_RATE, np.float32)])
    assert abs(len(trimmed(sound)) - 1.2 * SAMPLE_RATE) < 0.05 * SAMPLE_RATE
    np.testing.assert_allclose(levelled(sound), levelled(0.01 * sound), atol=1e-3)


@pytest.mark.parametrize("samples", [1, 100, SAMPLE_RATE])
def test_silence_and_very_short_clips_can_be_prepared(whisper: Any, samples: int) -> None:
    for sound in (np.zeros(samples, np.float32), np.full(samples, np.nan, np.float32)):
        assert len(prepared(sound)) >= SHORTEST
        assert np.isfinite(encode.audio_vectors([whisper], AudioSettings(), [sound])).all()


def test_silence_that_fills_a_batch_up_changes_no_vector(whisper: Any, clips: list[np.ndarray]) -> None:
    settings = AudioSettings((encode.TINY_EN, encode.CAMPLUS))
    encoders = [whisper, encode.load_audio_encoder(encode.CAMPLUS)]
    samples, lengths = encode.padded(clips[:3])
    more, of_more = encode.padded(clips[:3], (4, 2 * SAMPLE_RATE))
    assert more.shape == (4, 2 * SAMPLE_RATE)
    with torch.inference_mode():
        wanted = encode.pool_audio(encoders, settings, samples, lengths)
        found = encode.pool_audio(encoders, settings, more, of_more)
    np.testing.assert_allclose(found[:3], wanted, atol=2e-3)


@pytest.mark.parametrize("name", sorted(encode.OWN))
def test_weights_that_are_rounded_once_give_the_same_as_in_each_batch(
    name: str, clips: list[np.ndarray]
) -> None:
    encoder = encode.load_audio_encoder(name)
    samples, lengths = encode.padded(clips[:3])

    def pooled() -> torch.Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return encode.pool_audio([encoder], AudioSettings((name,)), samples, lengths)

    wanted = pooled()
    encode.round_weights(encoder)
    assert torch.equal(pooled(), wanted)


@pytest.mark.parametrize(
    ("full", "rows", "padded"), [(60, 58, 60), (60, 31, 60), (60, 30, 30), (15, 3, 3), (15, 4, 7), (1, 1, 1)]
)
def test_batches_on_a_gpu_have_few_numbers_of_rows(full: int, rows: int, padded: int) -> None:
    assert encode._share_of(full, rows) == padded


def test_speaker_vectors_stand_beside_whispers(whisper: Any, clips: list[np.ndarray]) -> None:
    settings = AudioSettings((encode.TINY_EN, encode.CAMPLUS))
    encoders = [whisper, encode.load_audio_encoder(encode.CAMPLUS)]
    together = encode.audio_vectors(encoders, settings, clips)
    assert together.shape == (4, 3840 + 4032) and np.isfinite(together).all()
    alone = encode.audio_vectors(encoders, settings, clips[:1])
    np.testing.assert_allclose(alone, together[:1], atol=5e-3)
