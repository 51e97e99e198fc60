"""A bundle's card: how it is made, what it was trained on, what it may be used for, how good it is, where it fails."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from callmood.model.registry import ABOUT_FILE, CARD_FILE
from callmood.model.scorer import BundleSettings
from callmood.training.corpora.clip import Clip
from callmood.training.measure.metrics import HEADLINES, Metrics
from callmood.wording import counted

Summaries = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Test, system: means and standard deviations over folds, as ``metrics.over_folds`` gives them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A corpus as a card names it."""

    title: str
    licence: str
    commercial: bool
    """Whether weights trained on it may be used commercially without asking anybody."""


SOURCES: Final = {
    "ravdess": Source(
        "RAVDESS (Livingstone and Russo, 2018), speech part: North American actors, two sentences, acted",
        "CC BY-NC-SA 4.0: **no commercial use**",
        False,
    ),
    "tess": Source(
        "TESS (Pichora-Fuller and Dupuis, 2020): two Canadian actresses, single words in a carrier sentence, acted",
        "CC BY-NC-ND 4.0: **no commercial use**",
        False,
    ),
    "cremad": Source(
        "CREMA-D (Cao et al., 2014): 91 North American actors, twelve sentences, acted",
        "ODbL 1.0: name it, and share a database made from it alike",
        True,
    ),
    "savee": Source(
        "SAVEE (Haq and Jackson, 2009): four British men, 120 sentences each, acted",
        "for research, upon registration: **no commercial use**",
        False,
    ),
    "emodb": Source(
        "EMO-DB (Burkhardt et al., 2005): ten German actors, ten sentences, acted",
        "free for research: **ask its authors before commercial use**",
        False,
    ),
    "emovo": Source(
        "EMOVO (Costantini et al., 2014): six Italian actors, 14 sentences, acted",
        "for research: **no commercial use**",
        False,
    ),
    "librispeech": Source(
        "LibriSpeech (Panayotov et al., 2015): read English, as ordinary speech",
        "CC BY 4.0: name it",
        True,
    ),
    "nemo": Source(
        "nEMO (Christop, 2024): nine Polish actors, 90 sentences, acted",
        "CC BY-NC-SA 4.0: **no commercial use**",
        False,
    ),
    "iemocap": Source(
        "IEMOCAP (Busso et al., 2008): ten North American actors in pairs, scripted and improvised",
        "the licence of the University of Southern California, by signature: **no commercial use**",
        False,
    ),
    "ordinary": Source(
        "Recordings of ordinary speech, as neutral", "as whoever made this model has them", True
    ),
    "own": Source("Recordings of one's own", "as whoever made this model has it", True),
}
TEXTS: Final = {
    "goemotions": Source(
        "GoEmotions (Demszky et al., 2020): comments from Reddit, in English", "CC BY 4.0", True
    ),
    "meld": Source(
        "MELD (Poria et al., 2019): utterances of a comedy series, in English",
        "Annotations GPL-3.0, the text of a broadcast: **for research, no commercial use**",
        False,
    ),
}
"""The corpora of texts; beside them a text encoder is trained on sentences of our own making."""
ENCODERS: Final = {
    "tiny.en": "the encoder of Whisper tiny.en (MIT)",
    "cam++": "the speaker network CAM++ of 3D-Speaker (Apache-2.0)",
    "minilm": "the text encoder all-MiniLM-L6-v2 (Apache-2.0)",
}
PACKAGES: Final = ("callmood", "torch", "transformers", "scikit-learn")
TITLES: Final = {"ua": "UA", "wa": "WA", "ua_wa": "UA + WA", "macro_f1": "macro F1", "ece": "ECE"}
SYSTEMS: Final = {
    "floor, taught on clean": "reference, trained on clean",
    "floor, taught on clean and telephone": "reference, trained on clean and telephone",
}
"""What the systems of figures.json are called in a table, where it is something else."""

_FORBIDDEN: Final = """The corpora above that forbid commercial use bind these weights, too: they are for research and
evaluation. **A company that wants to use callmood commercially trains its own bundle** on its own recordings or on
corpora that are licensed to it: `callmood train`, see the README."""
_ALLOWED: Final = (
    "None of the corpora above forbids commercial use; their other terms bind these weights, too."
)
_METRICS: Final = """In percent: mean recall over the labels (UA), accuracy (WA), their sum, macro F1; the expected
calibration error (ECE) in percentage points. "call" compares each clip with 12 others of its speaker, 9 of them neutral
or calm. "telephone" is 8 kHz, 300 to 3400 Hz, 8-bit mu-law, a line that training does not use."""
_ON_FOLDS: Final = """Tested on speaker-independent folds (EmoBox's, for the actors that are there), each by a model
that was trained without the fold's speakers; this model itself is then trained on all of them."""
_OVER_FOLDS: Final = """Mean and standard deviation over the folds; ECE also over the clips of all folds at once,
because it is overestimated on few clips."""
_LIMITS: Final = """- Real calls are harder than acted speech, and most of their speech is neutral
  or calm. A system that does well on acted speech has been seen to lose a third of its score on real calls.
- It knows the languages, accents and rooms of the corpora above, and no others.
- It measures how a voice sounds, not what a person feels. Do not make decisions about people based on it alone. Some
  laws forbid inferring emotions of employees at work.
- A speaker who sounds the same from the first word to the last gives no contrast: look at the score without a
  baseline, too."""


def describe(
    folder: Path,
    settings: BundleSettings,
    clips: Sequence[Clip],
    recipe: Mapping[str, Any],
    tests: Mapping[str, Metrics] | None = None,
    summaries: Summaries | None = None,
    name: str = "",
    texts: Sequence[str] = (),
) -> None:
    """Write ``CARD.md`` and ``about.json`` of the bundle in ``folder``; the arguments are those of ``text``."""
    tests, summaries = tests or {}, summaries or {}
    card = text(clips, summaries, settings, recipe, tests, name, texts)
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    about = {
        "recipe": name or recipe.get("family"),
        "seed": recipe.get("seed"),
        "corpora": _counts(clips),
        "speakers": sorted({clip.speaker for clip in clips}),
        "figures": _headline(tests, summaries),
    }
    (folder / ABOUT_FILE).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def text(
    clips: Sequence[Clip],
    summaries: Summaries,
    settings: BundleSettings,
    recipe: Mapping[str, Any] | None = None,
    tests: Mapping[str, Metrics] | None = None,
    name: str = "",
    texts: Sequence[str] = (),
) -> str:
    """The card in Markdown.

    ``clips``: what it was trained on. ``recipe``: the recipe's numbers, called ``name``. ``tests``: metrics by the name
    of the test, the first in full. ``summaries``: metrics over folds. ``texts``: names of TEXTS that its text encoder
    was trained on. What is not given is left out.
    """
    sources = [*map(_source, _one_per_corpus(clips)), *_text_sources(texts, recipe or {})]
    parts = {
        "How it is made": _how_it_is_made(settings),
        "Trained on": _training_data(clips, settings, sources),
        "Licence of the weights": _ALLOWED if all(source.commercial for source in sources) else _FORBIDDEN,
        "Metrics": _metrics(tests or {}, summaries),
        "Recipe": _recipe(recipe, name) if recipe else "",
        "Versions": ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        + f", Python {platform.python_version()}.",
        "Limits": f"{_LIMITS}\n{_when_uncertain(settings)}",
    }
    sections = [f"## {title}\n\n{part}\n" for title, part in parts.items() if part]
    head = (
        f"# An emotion model for callmood\n\n{len(settings.labels)} labels: {', '.join(settings.labels)}.\n"
    )
    return "\n".join([head, *sections])


def summaries_table(summaries: Summaries) -> str:
    """Metrics over folds as a Markdown table."""
    return _table(
        ["test", "system", "UA", "WA", "ECE", "ECE, folds pooled"],
        [
            [
                test,
                SYSTEMS.get(system, system),
                *(f"{found[key]:.1f} ± {found[f'{key}_std']:.1f}" for key in ("ua", "wa", "ece")),
                f"{found['ece_pooled']:.1f}",
            ]
            for test, systems in summaries.items()
            for system, found in systems.items()
        ],
    )


def _how_it_is_made(settings: BundleSettings) -> str:
    lines = []
    if settings.audio is not None:
        encoders = ", ".join(_encoder(name) for name in settings.audio.encoders)
        lines.append(
            f"- Sound: {encoders}; layers: {settings.audio.layers}, over time: {settings.audio.pooling}."
        )
    if settings.text is not None:
        lines.append(f"- Words: {_encoder(settings.text.encoder)}, over tokens: {settings.text.pooling}.")
    sides = [
        side
        for side, there in (("the sound's vector", settings.audio), ("the words'", settings.text))
        if there
    ]
    heads = f"- On top: linear, in {' and '.join(sides)}{' side by side' if len(sides) > 1 else ''}"
    if settings.prior_count:
        heads += "; for sound also in its difference from the speaker's baseline"
    return "\n".join([*lines, f"{heads}.", "- Made by `callmood train`."])


def _when_uncertain(settings: BundleSettings) -> str:
    different = settings.text and settings.threshold_with_words != settings.threshold
    with_words = f", or {settings.threshold_with_words:g} where it has words" if different else ""
    return f"- A segment is called uncertain below a probability of {settings.threshold:g}{with_words}."


def _encoder(name: str) -> str:
    return ENCODERS.get(name, f"an encoder in the model's own folder ({name})" if name[:1] == "." else name)


def _text_sources(texts: Sequence[str], recipe: Mapping[str, Any]) -> list[Source]:
    mixed_in = ["goemotions"] if recipe.get("text_corpus") else []
    return [TEXTS[name] for name in [*texts, *mixed_in]]


def _training_data(clips: Sequence[Clip], settings: BundleSettings, sources: Sequence[Source]) -> str:
    counts = _counts(clips)
    labels = [label for label in settings.labels if any(label in corpus for corpus in counts.values())]
    not_trained = [label for label in settings.labels if label not in labels]
    table = _table(
        ["clips", *labels, "all", "speakers"],
        [
            [
                corpus,
                *(str(found.get(label, 0)) for label in labels),
                str(sum(found.values())),
                str(len({clip.speaker for clip in clips if clip.corpus == corpus})),
            ]
            for corpus, found in counts.items()
        ],
    )
    lines = [*(f"- {source.title}. {source.licence}." for source in sources), "", table]
    if not_trained:
        lines += ["", f"Not trained: {', '.join(not_trained)}."]
    return "\n".join(lines)


def _metrics(tests: Mapping[str, Metrics], summaries: Summaries) -> str:
    if not tests and not summaries:
        return ""
    parts = [_METRICS, _ON_FOLDS] if summaries else [_METRICS]
    if tests:
        first, found = next(iter(tests.items()))
        parts += [
            _tests_table(tests),
            f"In full, “{first}” ({counted(found.clips, 'clip')}, {counted(found.speakers, 'speaker')}):",
            _class_table(found),
        ]
        parts += [
            _group_table(what, groups)
            for what, groups in (("corpus", found.per_corpus), ("gender", found.per_gender))
            if groups
        ]
        parts += ["Clips by true label (rows) and the model's (columns):", _confusion_table(found)]
    if summaries:
        parts += [_OVER_FOLDS, summaries_table(summaries)]
    return "\n\n".join(parts)


def _tests_table(tests: Mapping[str, Metrics]) -> str:
    ua, *others = TITLES
    rows = [
        [test, f"{found.ua:.1f}", _ua_interval(found), *(f"{getattr(found, key):.1f}" for key in others)]
        for test, found in tests.items()
    ]
    note = "95 %: bootstrap interval of UA, speakers resampled."
    return _table(["test", TITLES[ua], "95 %", *(TITLES[key] for key in others)], rows) + f"\n\n{note}"


def _ua_interval(found: Metrics) -> str:
    if found.intervals is None:
        return "one speaker"
    low, high = found.intervals["ua"]
    return f"{low:.1f} to {high:.1f}"


def _class_table(found: Metrics) -> str:
    return _table(
        ["label", "recall", "precision", "F1", "clips"],
        [
            [label, *(f"{one[key]:.1f}" for key in ("recall", "precision", "f1")), str(one["clips"])]
            for label, one in found.per_class.items()
        ],
    )


def _group_table(what: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    return _table(
        [what, *(TITLES[key] for key in HEADLINES), "clips"],
        [
            [name, *(f"{one[key]:.1f}" for key in HEADLINES), str(one["clips"])]
            for name, one in groups.items()
        ],
    )


def _confusion_table(found: Metrics) -> str:
    rows = zip(found.labels, found.confusion, strict=True)
    return _table(["", *found.labels], [[label, *(f"{n:.0f}" for n in row)] for label, row in rows])


def _recipe(recipe: Mapping[str, Any], name: str) -> str:
    import tomlkit

    called = f"`{name}`, seed {recipe.get('seed')}" if name else f"Seed {recipe.get('seed')}"
    return f"{called}. Every number:\n\n```toml\n{tomlkit.dumps(_as_toml(recipe)).strip()}\n```"


def _as_toml(value: Any) -> Any:
    """As TOML has it: without None, lists for tuples, text for paths and the like."""
    if isinstance(value, Mapping):
        return {name: _as_toml(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [_as_toml(inner) for inner in value]
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _headline(tests: Mapping[str, Metrics], summaries: Summaries) -> dict[str, float]:
    """What a list of models shows: of the first test, or else of the first summary."""
    if tests:
        first = next(iter(tests.values()))
        return {key: round(float(getattr(first, key)), 2) for key in TITLES}
    for systems in summaries.values():
        found = next(iter(systems.values()))
        return {key: found[key] for key in TITLES if key in found}
    return {}


def _counts(clips: Sequence[Clip]) -> dict[str, dict[str, int]]:
    """Clips by corpus and label."""
    found: dict[str, dict[str, int]] = {}
    for (corpus, label), count in sorted(Counter((clip.corpus, clip.label) for clip in clips).items()):
        found.setdefault(corpus, {})[label] = count
    return found


def _one_per_corpus(clips: Sequence[Clip]) -> list[Clip]:
    return [
        {clip.corpus: clip for clip in clips}[corpus] for corpus in sorted({clip.corpus for clip in clips})
    ]


def _source(clip: Clip) -> Source:
    return SOURCES.get(clip.corpus, Source(clip.corpus, "licence unknown", False))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
