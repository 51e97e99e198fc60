from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import mobilenet_v2

from callmood.errors import CallmoodError
from callmood.training import recipe as recipes
from callmood.training.corpora.clip import Clip
from callmood.training.data.examples import Example, Parts
from callmood.training.systems import mobilenet
from callmood.training.systems.mobilenet import (
    Block,
    Recipe,
    blocks,
    clip_means,
    collate,
    images,
    network,
    palette,
)
from callmood.training.workspace import Workspace

GREY = torch.linspace(0, 1, 256)[:, None].expand(256, 3)


def recipe(name: str = "mobilenet", *overrides: str) -> Recipe:
    return recipes.read(Recipe, recipes.load(name, ("image.pixels=32", *overrides)))


def tone(hertz: float, seconds: float = 1, level: float = 0.5) -> np.ndarray:
    time = np.arange(int(16_000 * seconds)) / 16_000
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def example(
    folder: Path, name: str, samples: np.ndarray, label: int = 0, gender: str | None = None
) -> Example:
    sound = folder / f"{name}.npy"
    np.save(sound, np.round(samples * 32_767).astype(np.int16))
    return Example(Clip("own", sound, "own-1", "happy", gender=gender), label, sound)


def spectrogram(samples: np.ndarray) -> torch.Tensor:
    return images(torch.from_numpy(samples)[None], recipe().image, GREY)[0, 0]


@pytest.mark.parametrize(
    ("name", "starts"), [("mobilenet", [0, 16_000]), ("mobilenet_overlap", [0, 8_000, 16_000, 24_000])]
)
def test_a_clip_is_cut_into_whole_blocks(tmp_path: Path, name: str, starts: list[int]) -> None:
    found = blocks(example(tmp_path, "long", tone(300, 2.6)), recipe(name).blocks)
    assert [block.start for block in found] == starts


def test_a_clip_shorter_than_a_block_is_filled_up_with_silence(tmp_path: Path) -> None:
    found = blocks(example(tmp_path, "short", tone(300, 0.4)), recipe().blocks)
    (samples,) = collate(found)["samples"]
    assert len(samples) == 16_000
    assert samples[:6400].any()
    assert not samples[6400:].any()


def test_a_batch_tells_the_gender_as_a_number(tmp_path: Path) -> None:
    clips = [example(tmp_path, str(gender), tone(300), 2, gender) for gender in ("female", "male", None)]
    batch = collate([Block(clip, 0, 16_000) for clip in clips])
    assert batch["gender"].tolist() == [-1, 1, 0]
    assert batch["labels"].tolist() == [2, 2, 2]


def test_a_clip_is_the_mean_of_its_blocks(tmp_path: Path) -> None:
    clip = example(tmp_path, "any", tone(300))
    probabilities = np.array([[0.2, 0.8], [0.4, 0.6], [1.0, 0.0]], np.float32)
    found = clip_means(
        probabilities, [Block(clip, 0, 16_000), Block(clip, 16_000, 16_000), Block(clip, 0, 16_000)]
    )
    np.testing.assert_allclose(found, [[0.3, 0.7], [1.0, 0.0]], rtol=1e-6)


@pytest.mark.parametrize("hertz", [1000, 6000])
def test_a_tone_is_a_bright_row_with_low_tones_at_the_bottom(hertz: float) -> None:
    row = int(spectrogram(tone(hertz)).mean(dim=1).argmax())
    assert row == pytest.approx(32 * (1 - hertz / 8000), abs=1)


def test_loudness_does_not_change_the_spectrogram() -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000).astype(np.float32)
    torch.testing.assert_close(spectrogram(noise), spectrogram(noise * 5), atol=0.005, rtol=0)


def test_silence_has_a_spectrogram_too() -> None:
    assert spectrogram(np.zeros(16_000, np.float32)).isfinite().all()


def test_a_palette_goes_from_the_lowest_to_the_highest_colour() -> None:
    colours = palette("viridis")
    assert colours.shape == (256, 3)
    assert colours[0].sum() < colours[-1].sum()


def test_an_unknown_colour_map_is_refused_with_the_nearest() -> None:
    with pytest.raises(CallmoodError, match=r"no colour map virids \(did you mean viridis\?\)"):
        palette("virids")


@pytest.mark.parametrize(("name", "used"), [("mobilenet", False), ("mobilenet_gender", True)])
def test_gender_is_used_where_the_recipe_says_so(name: str, used: bool) -> None:
    torch.manual_seed(0)
    model = network(recipe(name, "model.dropout=0"), 7)
    samples = torch.from_numpy(tone(300))[None].expand(2, -1)
    female, male = model(samples=samples, gender=torch.tensor([-1.0, 1.0]))
    assert bool((female - male).abs().max() > 1e-3) == used


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_weights_come_from_a_file(tmp_path: Path, ending: str) -> None:
    source = mobilenet_v2(weights=None).state_dict()  # 1000 classes, as ImageNet's
    file = tmp_path / f"weights{ending}"
    if ending == ".pth":
        torch.save(source, file)
    else:
        save_file(source, file)
    model = network(recipe("mobilenet_gender", f"model.weights={file}"), 7)
    torch.testing.assert_close(model.net.features[1].conv[0][0].weight, source["features.1.conv.0.0.weight"])
    torch.testing.assert_close(model.net.features[0][0].weight[:, :3], source["features.0.0.weight"])
    assert not model.net.features[0][0].weight[:, 3].any()


def test_a_missing_file_of_weights_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        CallmoodError, match=r"weights .*none\.pth can't be read: No such file or directory\."
    ):
        network(recipe("mobilenet", f"model.weights={tmp_path / 'none.pth'}"), 7)


@pytest.mark.parametrize("tensors", [{}, {"conv.weight": torch.zeros(3)}])
def test_other_weights_are_refused(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    file = tmp_path / "weights.pth"
    torch.save(tensors, file)
    with pytest.raises(CallmoodError, match="does not hold the weights of torchvision's MobileNetV2"):
        network(recipe("mobilenet", f"model.weights={file}"), 7)


def test_a_run_gives_probabilities_of_every_test_clip(tmp_path: Path) -> None:
    examples = [
        example(tmp_path, f"{row}", tone(200 + 3000 * (row % 2), 1 + row % 3 / 2), row % 2)
        for row in range(12)
    ]
    given = Parts("paper", ("happy", "sad"), examples[:6], examples[6:9], examples[9:])
    chosen = recipe("mobilenet_overlap_gender", "training.epochs=1", "training.precision=float32")
    outcome = mobilenet.run(chosen, given, Workspace(tmp_path / "out", "cpu", report=lambda _: None))
    assert outcome.probabilities.shape == (3, 2)
    np.testing.assert_allclose(outcome.probabilities.sum(axis=1), 1, rtol=1e-5)
