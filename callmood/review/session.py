"""What a reviewer's page may ask for and say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final

from callmood.errors import UsageError
from callmood.labels import LABELS
from callmood.review.clips import clip
from callmood.review.proposals import Proposal, of_call, proposals
from callmood.store import find_call, reading, rows, writing
from callmood.store.reviews import Review, write_review
from callmood.wording import clock

_REASONS: Final = {
    "random": "chosen at random",
    "uncertain": "the model is not sure",
    "rare": "a rare label",
    "words against voice": "the voice says something else than the words",
    "chosen": "a segment of this call",
}


class Session:
    """One reviewer's segments, from a database that is open only while something is read or written."""

    def __init__(self, db: Path, reviewer: str, call: str | None = None) -> None:
        """With all segments of one ``call``, else those most worth an ear. Raises CallmoodError for no such call."""
        self.db = db
        self.reviewer = reviewer
        self._sound = Lock()  # one recording is decoded at a time
        with reading(db) as con:
            if call is None:
                self.proposals: list[Proposal] = proposals(con, reviewer)
            else:
                self.proposals = of_call(con, reviewer, find_call(con, call))
            speakers = rows(
                con, "SELECT recording_id, speaker, role FROM speaker ORDER BY recording_id, speaker"
            )
            wanted = {one.recording_id for one in self.proposals}
        self._speakers: dict[str, list[dict[str, Any]]] = {recording_id: [] for recording_id in wanted}
        for recording_id, speaker, role in speakers:
            if recording_id in wanted:
                self._speakers[recording_id].append({"speaker": speaker, "role": role})
        self._said: dict[int, dict[str, Any]] = {
            index: {
                "label": one.facts["label"],
                "text": one.facts["heard_text"],
                "said_by": one.facts["said_by"],
                "role": one.facts["heard_role"],
            }
            for index, one in enumerate(self.proposals)
            if one.facts["reviewed"]
        }

    def contents(self) -> dict[str, Any]:
        """All that the page shows."""
        return {
            "reviewer": self.reviewer,
            "labels": list(LABELS),
            "items": [self._item(index, one) for index, one in enumerate(self.proposals)],
        }

    def sound(self, index: int, *, context: bool) -> bytes:
        """The WAV file of a segment. Raises IndexError, or UnreadableRecording if its recording is gone."""
        one = self._proposal(index)
        facts = one.facts
        with self._sound:
            return clip(one.files, facts["channel"], facts["start_s"], facts["end_s"], context=context)

    def save(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Store what was heard, and return the item as it is now. Raises IndexError, UsageError or CallmoodError."""
        index = _of_type(answer, "index", int)
        one = self._proposal(-1 if index is None else index)
        review = Review(
            _of_type(answer, "label", str),
            _of_type(answer, "text", str),
            _of_type(answer, "said_by", int),
            _of_type(answer, "role", str),
        )
        with writing(self.db, must_exist=True) as con:
            write_review(con, one.recording_id, one.segment, self.reviewer, one.reason, review)
        self._said[index] = {
            "label": review.label,
            "text": review.text,
            "said_by": review.said_by,
            "role": review.role,
        }
        return self._item(index, one)

    def _proposal(self, index: int) -> Proposal:
        if not 0 <= index < len(self.proposals):
            raise IndexError(index)
        return self.proposals[index]

    def _item(self, index: int, one: Proposal) -> dict[str, Any]:
        """What the page shows of a segment. The model's label of a random one is told once the person has given one."""
        facts = one.facts
        said = self._said.get(index)
        is_blind = one.reason == "random" and said is None
        return {
            "index": index,
            "call": facts["call"],
            "agent": facts["agent"],
            "started_at": None
            if facts["started_at"] is None
            else facts["started_at"].strftime("%Y-%m-%d %H:%M"),
            "time": clock(facts["start_s"]),
            "reason": _REASONS[one.reason],
            "text": facts["text"],
            "speaker": facts["speaker"],
            "role": facts["role"],
            "speakers": self._speakers[one.recording_id],
            "model": None if is_blind else facts["emotion"],
            "confidence": None if is_blind else facts["confidence"],
            "said": said,
        }


def _of_type(answer: Mapping[str, Any], name: str, kind: type) -> Any:
    value = answer.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise UsageError(f"{name} is no {kind.__name__}.")
    return value
