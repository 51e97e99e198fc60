"""Pipelines of pyannote: what is loaded, and that nothing in their files is run."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from callmood.errors import CallmoodError
from callmood.pipeline.speakers.pyannote_files import MODEL_FILE, checked_config, weights_only
from callmood.pipeline.speakers.pyannote_pipeline import load_pipeline

SEGMENTATION = {"module": "pyannote.audio.models.segmentation.PyanNet", "class": "PyanNet"}


class Evil:
    """Makes a file where it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> Any:
        return Path.touch, (self.made,)


def checkpoint(architecture: dict[str, str] = SEGMENTATION, **more: Any) -> dict[str, Any]:
    return {
        "state_dict": {},
        "hyper_parameters": {},
        "pyannote.audio": {"versions": {"pyannote.audio": "4.0.0"}, "architecture": architecture},
        **more,
    }


def configuration(**changes: Any) -> dict[str, Any]:
    parameters = {
        "segmentation": "$model/segmentation",
        "embedding": "$model/embedding",
        "clustering": "AgglomerativeClustering",
    }
    pipeline = {"name": "pyannote.audio.pipelines.SpeakerDiarization", "params": parameters}
    return {"version": "3.1.0", "pipeline": {**pipeline, **changes.pop("pipeline", {})}, **changes}


def written(folder: Path, config: dict[str, Any]) -> str:
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return str(folder)


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    """A folder of pyannote's two networks as it stores them, with random weights."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

    frames = Specifications(
        Problem.MONO_LABEL_CLASSIFICATION, Resolution.FRAME, 10.0, classes=["a", "b"], powerset_max_classes=2
    )
    chunks = Specifications(Problem.REPRESENTATION, Resolution.CHUNK, 5.0)
    for name, network, specifications in (
        ("segmentation", PyanNet(lstm={"hidden_size": 8, "num_layers": 1}), frames),
        ("embedding", WeSpeakerResNet34(), chunks),
    ):
        network.specifications = specifications
        network.setup()
        stored = {"pytorch-lightning_version": "2.4.0", "epoch": 0, "global_step": 0}
        stored |= {"state_dict": network.state_dict(), "hyper_parameters": dict(network.hparams)}
        network.on_save_checkpoint(stored)
        (tmp_path / name).mkdir()
        torch.save(stored, tmp_path / name / MODEL_FILE)
    return tmp_path


def test_a_pipeline_in_a_folder_is_loaded(networks: Path) -> None:
    parameters = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7}
    tuned = {"clustering": parameters, "segmentation": {"min_duration_off": 0.0}}
    assert callable(load_pipeline(written(networks, configuration(params=tuned)), "cpu"))


@pytest.mark.parametrize(
    "config",
    [
        {"preprocessors": {"audio": {"name": "subprocess.Popen", "params": {"args": ["touch", "ran"]}}}},
        {"pipeline": {"name": "subprocess.Popen", "params": {"args": ["touch", "ran"]}}},
        {"pipeline": {"name": "types.SimpleNamespace"}},
        {"pipeline": {"name": "pyannote.audio.pipelines.SpeechSeparation"}},
        {"pipeline": {"params": {"segmentation": "a", "embedding": "b", "augmentation": {"transform": "x"}}}},
        {
            "pipeline": {
                "params": {"segmentation": "a", "embedding": "b", "clustering": {"name": "os.system"}}
            }
        },
        {"device": "cpu"},
    ],
)
def test_a_configuration_that_names_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CallmoodError, match=r"config\.yaml"):
        load_pipeline(written(tmp_path, configuration(**config)), "cpu")
    assert not (tmp_path / "ran").exists()


def test_yaml_that_builds_objects_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        f"pipeline: !!python/object/apply:pathlib.Path.touch [{tmp_path}/ran]"
    )
    with pytest.raises(CallmoodError, match="can't be read"):
        checked_config(str(tmp_path))


def test_a_pickle_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    torch.save(checkpoint(callbacks=Evil(tmp_path / "ran")), tmp_path / MODEL_FILE)
    with pytest.raises(CallmoodError, match="weights only"):
        weights_only(tmp_path / MODEL_FILE, "segmentation")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "architecture",
    [
        {"module": "antigravity", "class": "PyanNet"},
        {"module": "pyannote.audio.models.segmentation", "class": "SSeRiouSS"},
        {"module": "pyannote.audio.models.embedding", "class": "WeSpeakerResNet34"},
    ],
)
def test_a_checkpoint_that_names_another_class_is_refused(
    tmp_path: Path, architecture: dict[str, str]
) -> None:
    torch.save(checkpoint(architecture), tmp_path / MODEL_FILE)
    with pytest.raises(CallmoodError, match="no network of pyannote's for segmentation"):
        weights_only(tmp_path / MODEL_FILE, "segmentation")


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("pyannote/segmentation-3.0", "hf download pyannote/segmentation-3.0"),
        ("speechbrain/spkrec-ecapa-voxceleb", "hf download speechbrain/spkrec-ecapa-voxceleb"),
        ("$model/segmentation", "is missing"),
        ("https://example.com/model.bin", "callmood downloads nothing"),
    ],
)
def test_nothing_is_downloaded_for_a_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, wanted: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    parameters = {"segmentation": named, "embedding": "$model/embedding"}
    with pytest.raises(CallmoodError, match=wanted):
        load_pipeline(written(tmp_path, configuration(pipeline={"params": parameters})), "cpu")


def test_a_pipeline_that_is_not_on_this_machine_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CallmoodError, match="hf download somebody/diarization"):
        load_pipeline("somebody/diarization", "cpu")
