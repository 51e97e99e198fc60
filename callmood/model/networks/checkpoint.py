"""Reads the tensors of a file that torch saved, without torch.

Such a file is a zip archive of a pickle and of the numbers of each tensor. Only what tensors are made of is let in.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt

_TYPES: Final = {"FloatStorage": np.float32, "HalfStorage": np.float16, "LongStorage": np.int64}


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What torch saved in ``path``, its tensors as arrays. Raises pickle.UnpicklingError for anything else."""
    with ZipFile(path) as archive:
        pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = pickled.removesuffix("data.pkl") + "data/"
        with archive.open(pickled) as file:
            found: dict[str, Any] = _Unpickler(file, lambda key: archive.read(folder + key)).load()
            return found


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, read: Callable[[str], bytes]) -> None:
        super().__init__(file)
        self._read = read

    def persistent_load(self, pid: Any) -> npt.NDArray[Any]:
        _, dtype, key, _, count = pid
        return np.frombuffer(self._read(key), dtype, count)

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a tensor")


def _tensor(
    numbers: npt.NDArray[Any], offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any
) -> npt.NDArray[Any]:
    steps = [step * numbers.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps, writeable=False)
