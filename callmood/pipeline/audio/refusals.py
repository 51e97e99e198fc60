"""What to do about a file that is no recording in a format that callmood reads."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKED: Final = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
"""The first bytes of gzip, zip, 7z, rar, bzip2, xz and zstd."""
_PACKED_ENDINGS: Final = {".gz", ".tgz", ".zip", ".7z", ".rar", ".bz2", ".xz", ".zst", ".tar"}

_HEADERLESS: Final = {
    **dict.fromkeys((".ulaw", ".ul", ".ulw", ".mu", ".mulaw"), "ffmpeg -f mulaw -ar 8000 -i"),
    **dict.fromkeys((".alaw", ".al", ".alw"), "ffmpeg -f alaw -ar 8000 -i"),
    **dict.fromkeys((".sln", ".slin", ".sln8"), "ffmpeg -f s16le -ar 8000 -i"),
    **{f".sln{khz}": f"ffmpeg -f s16le -ar {khz}000 -i" for khz in (12, 16, 24, 32, 48)},
    ".g722": "ffmpeg -f g722 -i",
    ".g729": "ffmpeg -f g729 -i",
    ".vox": "sox -t vox -r 8000",
}
"""Recordings without a header that says their rate and coding, and what converts them. Their endings are Asterisk's and
Dialogic's; the rates are those that the ending stands for there, so that a person has to confirm them."""


def refusal(path: Path, head: bytes) -> str:
    """What is wrong with the file and what to do, as the rest of a sentence that begins with its name.

    ``head`` are its first bytes.
    """
    ending = path.suffix.lower()
    if ending in _PACKED_ENDINGS or head.startswith(_PACKED):
        return "is a packed file. Unpack it, and scan what is in it"
    if ending in _HEADERLESS:
        command = f"{_HEADERLESS[ending]} FILE{ending} FILE.wav"
        return f"has no header that says how it is coded. Convert it first, such as with {command}"
    return "is not in an audio format that callmood supports. Convert it to WAV first, if it is a recording"
