"""Where a model lies on this machine: in a folder of the user's, or in the cache of a hub. Nothing is downloaded."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from callmood.errors import CallmoodError


def model_files(
    name: str, kind: str, required: Sequence[str], advice: str, downloaded: Callable[[str], Path]
) -> Path:
    """The folder of a model, given by its path or by a name that ``downloaded`` finds.

    Raises CallmoodError if it lacks one of the ``required`` files, with the ``kind`` of model ("a transcription
    model") and what to do.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = downloaded(name)
    missing = [file for file in required if not (folder / file).is_file()]
    if missing:
        raise CallmoodError(f"The folder {folder} is not {kind}: {' and '.join(missing)} missing. {advice}")
    return folder


def may_be_of_a_hub(name: str) -> bool:
    """Whether a hub could have a model of this name: "owner/model"."""
    return re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name) is not None
