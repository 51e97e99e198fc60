"""Ordinary speech: a folder of recordings in which people talk as they do when nothing happens; all of it is neutral.

Acted neutral is not how people talk. A file is a speaker, or two where it is stereo, and is cut into pieces of
PIECE_S, of which MOST_PIECES are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from callmood.training.corpora.clip import Clip, audio_files

PIECE_S: Final = 6.0
"""About as long as the segments of a scan."""
SHORTEST_S: Final = 3.0
MOST_PIECES: Final = 10


def clips(folder: Path) -> Iterator[Clip]:
    """Pieces of the recordings under ``folder``. Files that are no audio give none."""
    for path in audio_files(folder):
        channels, duration_s = _shape(path)
        for channel in range(channels):
            name = f"ordinary-{path.relative_to(folder).with_suffix('').as_posix()}"
            for number in range(MOST_PIECES):
                start_s = number * PIECE_S
                end_s = min(start_s + PIECE_S, duration_s)
                if end_s - start_s < SHORTEST_S:
                    break
                yield Clip(
                    corpus="ordinary",
                    path=path,
                    speaker=name if channels == 1 else f"{name}-{channel}",
                    native="neutral",
                    channel=None if channels == 1 else channel,
                    start_s=start_s,
                    end_s=end_s,
                )


def _shape(path: Path) -> tuple[int, float]:
    """Channels and seconds as the file's header has them; no channel where it has no sound."""
    import av

    try:
        with av.open(str(path)) as file:
            if not file.streams.audio or file.duration is None:
                return 0, 0.0
            return file.streams.audio[0].codec_context.channels, file.duration / av.time_base
    except (av.FFmpegError, OSError):
        return 0, 0.0
