"""The networks on a CPU: ONNX Runtime computes what torch does, whatever the weights, and torch is not needed."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from callmood.call import Call
from callmood.model import encode
from callmood.model.encode import AudioSettings, TextSettings, by_windows
from callmood.model.graph_encoders import audio_encoder, text_encoder
from callmood.model.networks import mel, on_device
from callmood.model.networks.checkpoint import read_checkpoint
from callmood.model.networks.features import FULL_SCALE, fbank, log_mel
from callmood.model.networks.graphs import load_graph
from callmood.pipeline.intake.discover import discover
from callmood.pipeline.pipeline import Job, load_scan
from callmood.settings import Settings
from callmood.sound import SAMPLE_RATE, Samples

CALL = Path(__file__).parent / "data" / "calls" / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"
TEXTS = ["No.", "This is outrageous, you have charged me twice and nobody answers!", "thank you " * 50]


def noise(seconds: float, seed: int = 1) -> Samples:
    """Noise whose level rises and falls."""
    size = int(SAMPLE_RATE * seconds)
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 0.1, size) * np.sin(np.arange(size) / 4_000)).astype(np.float32)


@pytest.mark.parametrize("network", ["speaker_network", "segmentation_network"])
@pytest.mark.parametrize("seconds", [0.5, 1.6, 7.03])
def test_the_networks_that_find_speakers_give_what_torch_gives(network: str, seconds: float) -> None:
    clips = np.stack([noise(seconds, seed) for seed in range(3)])
    given = np.stack([fbank(clip) for clip in clips]) if network == "speaker_network" else clips
    found = getattr(on_device, network)("cpu")(given)
    by_torch = getattr(on_device, network)("cpu:0")  # any name but "cpu" is a device of torch's
    np.testing.assert_allclose(found, by_torch(given), atol=1e-4)


@pytest.mark.parametrize("layers", ["all", "last"])
@pytest.mark.parametrize("pooling", ["mean", "mean-std"])
def test_acoustic_vectors_are_those_of_torch(layers: str, pooling: str) -> None:
    settings = AudioSettings((encode.TINY_EN, encode.CAMPLUS), layers, pooling)  # type: ignore[arg-type]
    clips = [noise(seconds) for seconds in (0.1, 1.3, 4.01, 31.0)]
    found = by_windows(audio_encoder(settings, [{}, {}]), clips)
    modules = [encode.load_audio_encoder(name) for name in settings.encoders]
    np.testing.assert_allclose(found, encode.audio_vectors(modules, settings, clips), atol=2e-3)


@pytest.mark.parametrize("pooling", ["mean", "mean-max"])
def test_text_vectors_are_those_of_torch(pooling: str) -> None:
    settings = TextSettings(pooling=pooling)  # type: ignore[arg-type]
    found = text_encoder(settings, {})(TEXTS)
    expected = encode.text_vectors(*encode.load_text_encoder(encode.MINILM), settings, TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_a_bundle_changed_counts() -> None:
    name, change = "layers.3.fc2.bias", np.full(384, 0.5, np.float32)
    clips = [noise(1.0)]
    found = by_windows(audio_encoder(AudioSettings(), [{name: change}]), clips)
    module = encode.load_audio_encoder(encode.TINY_EN)
    module.load_state_dict({name: torch.from_numpy(change)}, strict=False)
    np.testing.assert_allclose(found, encode.audio_vectors([module], AudioSettings(), clips), atol=1e-3)
    published = by_windows(audio_encoder(AudioSettings(), [{}]), clips)
    assert np.abs(found - published).max() > 0.1


def test_a_graph_with_its_published_weights_is_loaded_once() -> None:
    assert load_graph("campplus") is load_graph("campplus", {})


@pytest.mark.parametrize("scale", [1.0, FULL_SCALE])
def test_log_mel_features_are_kaldi_s(scale: float) -> None:
    from torchaudio.compliance import kaldi

    samples = np.float32(scale) * noise(1.01)
    expected = kaldi.fbank(torch.from_numpy(samples)[None], num_mel_bins=80, dither=0.0)
    np.testing.assert_allclose(fbank(samples), expected - expected.mean(0), atol=1e-3)


def test_log_mel_features_of_a_batch_are_those_of_each_clip() -> None:
    clips = [noise(seconds) for seconds in (0.2, 1.01, 3.0)]
    features, counts = mel.fbank(*encode.padded(clips))
    for clip, of_one, count in zip(clips, features, counts, strict=True):
        np.testing.assert_allclose(of_one[:count], fbank(clip * np.float32(FULL_SCALE)), atol=2e-3)
        assert not of_one[count:].any()


@pytest.mark.parametrize("samples", [3_200, 3_201, 20_000])
def test_whispers_log_mel_features_are_transformers(samples: int) -> None:
    import transformers

    extractor: Any = transformers.WhisperFeatureExtractor
    clip = noise(samples / SAMPLE_RATE)
    found = log_mel(clip)
    theirs = extractor()(clip, sampling_rate=SAMPLE_RATE, return_tensors="np").input_features[0]
    assert found.shape[1] % 2 == 0
    np.testing.assert_allclose(found, theirs[:, : found.shape[1]], atol=1e-4)


def test_a_checkpoint_is_read_without_torch(tmp_path: Path) -> None:
    weight = torch.arange(12.0).reshape(3, 4)
    torch.save(
        {"state_dict": {"weight": weight.T, "half": weight.half(), "count": torch.tensor(7)}},
        tmp_path / "a.pt",
    )
    found = read_checkpoint(tmp_path / "a.pt")["state_dict"]
    np.testing.assert_array_equal(found["weight"], weight.T.numpy())
    np.testing.assert_array_equal(found["half"], weight.half().numpy())
    assert found["count"] == 7


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    torch.save({"state_dict": Evil()}, tmp_path / "a.pt")
    with pytest.raises(pickle.UnpicklingError, match="no part of a tensor"):
        read_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "ran").exists()


def test_a_scan_on_a_cpu_imports_no_torch() -> None:
    program = f"""
import sys
from pathlib import Path
from callmood.pipeline.intake.discover import discover
from callmood.pipeline.pipeline import Job, load_scan
from callmood.settings import Settings
settings = Settings()
(recording,) = discover([Path({str(CALL)!r})], settings.discover).recordings
(call,) = load_scan(settings, "cpu")([Job(recording)])
assert call.segments
print([name for name in ("torch", "torchaudio", "transformers", "whisperx", "pyannote") if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert found.stdout.strip() == "[]", found.stderr


def test_a_call_is_the_same_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    (recording,) = discover([CALL], Settings().discover).recordings
    work, calls = load_scan(Settings(), "cpu"), []
    for threads in (1, 3):
        monkeypatch.setattr("callmood.threads._limit", threads)
        calls += work([Job(recording)])
    assert isinstance(calls[0], Call) and calls[0] == calls[1]
