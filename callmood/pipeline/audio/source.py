"""A file, or a part of it, opened by FFmpeg, which sees nothing else of the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from callmood.pipeline.audio.files import UnreadableRecording
from callmood.pipeline.audio.refusals import refusal
from callmood.pipeline.audio.riff import Part

if TYPE_CHECKING:
    from av.container import InputContainer

_DEMUXERS: Final = "wav,w64,mp3,aac,mov,ogg,flac,matroska,amr,amrnb,amrwb,aiff,au,caf,asf,gsm"
"""FFmpeg's demuxers that may run. Playlists (m3u8, concat, sdp ...) would open other files and URLs."""
_MAGIC: Final = (
    (0, b"RIFF"), (0, b"RIFX"), (0, b"RF64"), (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (0, b"OggS"),
    (0, b"fLaC"), (0, b"\x1a\x45\xdf\xa3"), (0, b"#!AMR"), (0, b"ID3"), (0, b"FORM"), (0, b"caff"),
    (0, b".snd"), (0, b"\x30\x26\xb2\x75"),
)  # fmt: skip
"""The first bytes of recordings, to distinguish a damaged recording from a file that never was one."""
_HEADER_BYTES: Final = 1_024
"""Of a Matroska, Ogg or W64 file without sound, or an MP3's frame that states its length."""
_W64: Final = b"riff\x2e\x91\xcf\x11"
NO_AUDIO: Final = "holds no audio, as if the call was not answered"


class _Source:
    """The part of a file that PyAV needs, under a neutral name with the file's own extension.

    Raises nothing, because PyAV would keep an error that FFmpeg has ignored, and raise it over a later file.
    """

    def __init__(self, path: Path, file: BinaryIO, part: Part) -> None:
        self.name = f"recording{path.suffix.lower()}" if path.suffix.isascii() else "recording"
        self.failure: OSError | None = None
        self._file = file
        self._part = part
        self._lead = len(part.header)
        self._at = 0

    def read(self, size: int) -> bytes:
        if self._at < self._lead:
            chunk = self._part.header[self._at : self._at + size]
        else:
            start = self._part.start + self._at - self._lead
            if start >= self._part.end:
                return b""
            try:
                self._file.seek(start)
                chunk = self._file.read(min(size, self._part.end - start))
            except OSError as error:
                self.failure = error
                return b""
        self._at += len(chunk)
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        length = self._lead + self._part.end - self._part.start
        at = offset + {0: 0, 1: self._at, 2: length}.get(whence, 0)
        if at < 0 or whence not in (0, 1, 2):  # before the beginning: what a damaged file may ask for
            return -1
        self._at = at
        return at

    def tell(self) -> int:
        return self._at


@contextmanager
def open_container(path: Path, file: BinaryIO, part: Part | None = None) -> Iterator[InputContainer]:
    """A file, or a part of it, opened by FFmpeg. Raises UnreadableRecording if it is none that FFmpeg reads."""
    import av

    # FFmpeg's own messages don't name the file; what they tell shows in what can be decoded
    av.logging.set_libav_level(av.logging.PANIC)
    file.seek(0)
    head = file.read(12)
    part = part or Part(b"", 0, file.seek(0, 2))
    # A bare GSM stream has no header to know it by, only the nibble that each of its frames begins with.
    bare_gsm = path.suffix.lower() == ".gsm" and head[0] >> 4 == 0xD
    source = _Source(path, file, part)
    try:
        container = av.open(
            source,
            mode="r",
            format="gsm" if bare_gsm else None,
            options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"},
            metadata_errors="replace",
            buffer_size=1 << 18,
        )
    except (av.error.FFmpegError, ValueError) as error:
        if source.failure is not None:
            raise source.failure from None
        if _is_header_only(head, part.end):
            raise UnreadableRecording(path, "no audio", NO_AUDIO) from None
        if any(head[at : at + len(magic)] == magic for at, magic in _MAGIC):
            what = f"begins like a recording, but can't be read: {_message(error)}"
            raise UnreadableRecording(path, "damaged", what) from None
        raise UnreadableRecording(path, "not audio", refusal(path, head)) from None
    with container:
        yield container
    if source.failure is not None:
        raise source.failure


def _is_header_only(head: bytes, size: int) -> bool:
    """Whether a file that FFmpeg takes for damaged is one of a call that was not answered."""
    if head[:4] == b".snd":
        return size <= int.from_bytes(head[4:8], "big")
    if head[:4] in (b"OggS", b"\x1a\x45\xdf\xa3") or head.startswith(_W64):
        return size <= _HEADER_BYTES
    if head[:3] == b"ID3":
        tag_bytes = sum((byte & 127) << 7 * place for place, byte in enumerate(reversed(head[6:10])))
        return size <= 10 + tag_bytes + _HEADER_BYTES
    return head in (b"#!AMR\n", b"#!AMR-WB\n")


def _message(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
