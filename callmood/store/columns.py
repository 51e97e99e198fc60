"""The columns of each table with their types, and the rows that the nouns become.

Rows are passed to DuckDB as one JSON document per table, and those that a call has many of as an array per column: the
fastest way in, ten times faster than JSON, for what is flat.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from callmood.call import FACTS, EmotionScores, Recording, SpeakerMoods, VoiceBaseline
from callmood.labels import LABELS

_NOT_UNICODE: Final = re.compile("[\ud800-\udfff]")

_TYPES: Final = {"VARCHAR": object, "INTEGER": np.int32, "FLOAT": np.float32, "DOUBLE": np.float64}

Shape: TypeAlias = Mapping[str, Any]
"""Names and types of columns, as DuckDB's from_json takes them."""

OF_RECORDING: Shape = {"recording_id": "VARCHAR"}
OF_CALL: Shape = {**OF_RECORDING, "call_number": "INTEGER"}
FILE: Shape = {"id": "VARCHAR", "path": "VARCHAR", "other_path": "VARCHAR", "size_bytes": "BIGINT"}
CALL_FACTS: Shape = {
    **{name: "TIMESTAMP" if name == "started_at" else "VARCHAR" for name in FACTS},
    "metadata": [{"key": "VARCHAR", "value": "VARCHAR"}],
}
RECORDING: Shape = {
    **FILE,
    **CALL_FACTS,
    "call_number": "INTEGER",
    "state": "VARCHAR",
    "reason": "VARCHAR",
    "error": "VARCHAR",
    "duration_s": "DOUBLE",
    "channels": "INTEGER",
    "sample_rate": "INTEGER",
    "format": "VARCHAR",
    "layout": "VARCHAR",
    "language": "VARCHAR",
    "understood": "BOOLEAN",
    "dropped": [{"key": "VARCHAR", "value": "INTEGER"}],
    "warnings": ["VARCHAR"],
    "model_id": "VARCHAR",
    "scan_id": "INTEGER",
    "transcribed_in": "INTEGER",
    "redacted": "BOOLEAN",
    "stored_at": "TIMESTAMP",
}
MOODS: Shape = {"upset": "FLOAT", "upset_from_s": "DOUBLE", "pleased": "FLOAT", "pleased_from_s": "DOUBLE"}
VOICE: Shape = {
    "speaker": "INTEGER",
    "baseline_mean": ["FLOAT"],
    "baseline_count": "INTEGER",
    "earlier_mean": ["FLOAT"],
    "earlier_count": "INTEGER",
    **MOODS,
}
SPEAKER: Shape = {
    **VOICE,
    "channel": "INTEGER",
    "role": "VARCHAR",
    "decided_by": "VARCHAR",
    "language": "VARCHAR",
}
SCORES: Shape = {
    "segment": "INTEGER",
    "emotion": "VARCHAR",
    "confidence": "FLOAT",
    "scores": ["FLOAT"],
    "raw_emotion": "VARCHAR",
    "raw_scores": ["FLOAT"],
    "raw_logits": ["FLOAT"],
    "relative_logits": ["FLOAT"],
    "upset": "FLOAT",
    "pleased": "FLOAT",
    "evidence": "VARCHAR",
}
SEGMENT: Shape = {
    **SCORES,
    "speaker": "INTEGER",
    "role": "VARCHAR",
    "channel": "INTEGER",
    "start_s": "DOUBLE",
    "end_s": "DOUBLE",
    "text": "VARCHAR",
}
SPEECH: Shape = {"speaker": "INTEGER", "start_s": "DOUBLE", "end_s": "DOUBLE", "dropped": "VARCHAR"}
HOLD: Shape = {"kind": "VARCHAR", "start_s": "DOUBLE", "end_s": "DOUBLE", "text": "VARCHAR"}
HASH: Shape = {"path": "VARCHAR", "size_bytes": "BIGINT", "mtime_ns": "BIGINT", "content": "VARCHAR"}
UNREADABLE: Shape = {
    "path": "VARCHAR",
    "reason": "VARCHAR",
    "error": "VARCHAR",
    "size_bytes": "BIGINT",
    "mtime_ns": "BIGINT",
}
WORD: Shape = {
    "segment": "INTEGER",
    "word": "INTEGER",
    "text": "VARCHAR",
    "start_s": "DOUBLE",
    "end_s": "DOUBLE",
    "probability": "FLOAT",
}


def voice_rows(
    speakers: Iterable[int], baselines: Mapping[int, VoiceBaseline], moods: Mapping[int, SpeakerMoods]
) -> list[dict[str, Any]]:
    """One row per speaker; NULL without a baseline or moods. None is compared with earlier calls yet."""
    return [
        {
            "speaker": speaker,
            "baseline_mean": list(baseline.mean) if baseline else None,
            "baseline_count": baseline.count if baseline else None,
            "earlier_mean": None,
            "earlier_count": 0 if baseline else None,
            **mood_columns(moods.get(speaker)),
        }
        for speaker in speakers
        for baseline in [baselines.get(speaker)]
    ]


def mood_columns(moods: SpeakerMoods | None) -> dict[str, Any]:
    """One speaker's columns; all NULL if the speaker's role is not scored."""
    return {name: None if moods is None else getattr(moods, name) for name in MOODS}


def score_columns(scores: EmotionScores | None) -> dict[str, Any]:
    """One segment's columns; all NULL if the speaker's role is not scored."""
    if scores is None:
        return dict.fromkeys(name for name in SCORES if name != "segment")
    if len(scores.relative) != len(LABELS) or len(scores.raw) != len(LABELS):
        raise ValueError(
            f"an emotion has {len(LABELS)} probabilities, not {len(scores.relative)}, {len(scores.raw)}"
        )
    return {
        "emotion": scores.label,
        "confidence": float(scores.confidence),
        "scores": [float(value) for value in scores.relative],
        "raw_emotion": LABELS[max(range(len(LABELS)), key=scores.raw.__getitem__)],
        "raw_scores": [float(value) for value in scores.raw],
        "raw_logits": scores.raw_logits,
        "relative_logits": scores.relative_logits,
        "upset": float(scores.upset),
        "pleased": float(scores.pleased),
        "evidence": scores.evidence,
    }


def recording_columns(recording: Recording) -> dict[str, Any]:
    """A recording's columns that are known before it is scanned."""
    return {
        "id": recording.id,
        "path": valid_unicode(str(recording.path)),
        "other_path": valid_unicode(str(recording.other_path)) if recording.other_path else None,
        "size_bytes": recording.size_bytes,
        **{name: _fact(getattr(recording.facts, name)) for name in FACTS},
        "metadata": pairs(
            {valid_unicode(key): valid_unicode(value) for key, value in recording.facts.metadata.items()}
        ),
    }


def _fact(value: str | datetime | None) -> Any:
    # a time zone is dropped, not converted, because a call belongs to the local day of those who had it
    return value.replace(tzinfo=None).isoformat() if isinstance(value, datetime) else valid_unicode(value)


def pairs(mapping: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """A mapping as map_from_entries takes it."""
    return [{"key": key, "value": value} for key, value in mapping.items()]


def valid_unicode(text: str | None) -> Any:
    """``text`` as valid Unicode, because file names may contain other bytes: those become ``%FF``, as in addresses.

    A backslash would divide folders.
    """
    return None if text is None else _NOT_UNICODE.sub(_escaped, text)


def _escaped(surrogate: re.Match[str]) -> str:
    code = ord(surrogate[0])
    return f"%{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"%u{code:04X}"


def as_roots(paths: Iterable[Path]) -> list[str]:
    """Paths of files and folders with a separator at the end: what lies in them begins with it, as they do themselves
    with one added."""
    return [valid_unicode(str(path).rstrip(os.sep) + os.sep) for path in paths]


def select_rows(parameter: str, shape: Shape) -> str:
    """A query for the rows of a JSON document that is passed as a parameter."""
    return f"SELECT unnest(from_json(${parameter}, '{json.dumps([shape])}'), max_depth := 2)"


Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""The values of each column, of equal number."""


def columns_of(rows: Sequence[Mapping[str, Any]], shape: Shape) -> Columns:
    """Rows as columns."""
    return {name: [row[name] for row in rows] for name in shape}


def as_arrays(columns: Columns, shape: Shape) -> tuple[dict[str, npt.NDArray[Any]], str]:
    """Arrays to be registered as ``passed``, and a query that makes rows of them. Text becomes valid Unicode.

    No column holds lists of different lengths, and one at least is never None. Raises ValueError for NaN and infinity.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    selected: list[str] = []
    for name, kind in shape.items():
        values = columns[name]
        known = [value for value in values if value is not None] if None in values else values
        element = kind[0] if isinstance(kind, list) else kind
        if not known:
            selected.append(f"NULL::{element}{'[]' if isinstance(kind, list) else ''} AS {name}")
            continue
        filled = values if known is values else [known[0] if value is None else value for value in values]
        array = np.array(_valid(filled) if element == "VARCHAR" else filled, _TYPES[element])
        if element != "VARCHAR" and not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite")
        if isinstance(kind, list):
            parts = {f"{name}_{item}": column.copy() for item, column in enumerate(array.T)}
            query = f"[{', '.join(parts)}]"
        else:
            parts, query = {name: array}, name
        if known is not values:
            parts[f"{name}_known"] = np.array([value is not None for value in values])
            query = f"CASE WHEN {name}_known THEN {query} END"
        arrays |= parts
        selected.append(f"{query} AS {name}")
    return arrays, f"SELECT {', '.join(selected)} FROM passed"


def _valid(texts: Sequence[str]) -> Sequence[str]:
    """``valid_unicode`` for many texts, of which nearly all are it already."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [valid_unicode(text) for text in texts]
    return texts


def assigned(shape: Shape) -> str:
    """What an UPDATE sets from rows that are called new."""
    return ", ".join(f"{column} = new.{column}" for column in shape)


def as_json(value: Any) -> str:
    """A JSON document for ``select_rows``. Raises ValueError for NaN and infinity."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
