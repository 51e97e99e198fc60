"""Training from Python: what ``callmood train`` and ``callmood evaluate`` call.

Nothing is printed. Remarks go to ``progress``, a function of one line of text, or else to the logger
``callmood.training``. The heavy packages are imported by the functions, so that this module stays light.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from callmood.call import Device
from callmood.errors import CallmoodError, UsageError
from callmood.training import recipe as recipe_files
from callmood.training.cache import cache_folder
from callmood.training.corpora.registry import named_folders
from callmood.training.packages import require_training_packages
from callmood.training.progress import Remark, log
from callmood.training.workspace import Workspace

if TYPE_CHECKING:
    from callmood.training.measure.corpus_card import Count
    from callmood.training.measure.table import Result
    from callmood.training.studies.common import StudyResult
    from callmood.training.systems.families import NamedRecipe

CorporaLike = Sequence[str] | Mapping[str, str | Path]
"""["ravdess=/data/ravdess", ...] or {"ravdess": "/data/ravdess", ...}"""

DEFAULT_SPLIT = "speaker"


@dataclass(frozen=True, repr=False)
class Trained:
    """A trained model, or several, and how good they are."""

    out: Path
    """The folder: the bundle with its card, metrics and plots, or a folder for each recipe and split."""
    metrics: Mapping[str, Any]
    """Percent. Of one bundle: "ua", "wa", "ua_wa", "macro_f1", "per_class", "confusion" and others; of several:
    "results", a row for each recipe and split."""
    table: str
    """The metrics as a Markdown table."""
    results: tuple[Result, ...] = ()
    """For each recipe and split that were compared; empty for a bundle of the recipe embedded."""

    def __repr__(self) -> str:
        headlines = {name: self.metrics[name] for name in ("ua", "wa") if name in self.metrics}
        shown = "".join(f", {name}={value:.1f}" for name, value in headlines.items())
        compared = f", {len(self.results)} results" if len(self.results) > 1 else ""
        return f"Trained({str(self.out)!r}{shown}{compared})"

    def _repr_markdown_(self) -> str:
        return self.table

    def to_json(self) -> dict[str, Any]:
        """What the command prints with --json."""
        return {"out": str(self.out), **self.metrics}


def train(
    corpora: CorporaLike,
    *,
    out: str | Path,
    recipe: str | Sequence[str] = "embedded",
    split: str | Sequence[str] | None = None,
    text: CorporaLike | None = None,
    text_encoder: str | Path | None = None,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    device: Device = "auto",
    resume: bool = False,
    progress: Remark | None = None,
) -> Trained:
    """Train an emotion model on labelled corpora and write it to ``out``, or compare several.

    Without ``split`` the recipe embedded makes the kind of bundle that calls are scored with: it is cross-validated
    over speakers, calibrated, and then trained on all of them. Any other recipe is trained on one part of a split,
    tested on another, and the splits and recipes are compared. Much is done in processes of its own, so that a script
    has to call this under ``if __name__ == "__main__":``.

    >>> import callmood
    >>> model = callmood.train(["ravdess=/data/ravdess"], out="my-model")  # doctest: +SKIP
    >>> model.metrics["ua"]  # doctest: +SKIP
    79.4
    >>> callmood.analyze("call.wav", model="my-model")  # doctest: +SKIP

    ``corpora``: names and folders of ravdess, tess, cremad, savee, iemocap, or own (a folder with a CSV, or a callmood
    database with corrected segments). ``out``: the folder for the bundle, its card, metrics and plots. ``recipe``:
    recipes that come with callmood, or TOML files; "all" is all that come with it. ``split``: how clips are divided
    for training and testing, "paper" (random), "speaker", "folds" (EmoBox's), "unseen" (every speaker tested once) or
    "corpus" (each left out in turn); by default none for embedded, "speaker" for other recipes. ``text``:
    "goemotions=FOLDER", and also "meld=FOLDER", to tune the text encoder of embedded without a split;
    ``text_encoder``: a folder with one that is already tuned.
    ``overrides``: values of the recipe, such as "training.epochs=3". ``seed`` overrides the recipe's. ``resume``
    continues a stopped run with the same ``out``. ``progress`` is called with a line of text now and then.

    Raises UsageError for an unknown recipe, split or corpus, a wrong override, and options that do not go together;
    CallmoodError for corpora that can't be read or are too small, an ``out`` that can't be written, a full disk, and
    where the packages of ``pip install 'callmood[train]'`` are missing.
    """
    require_training_packages()
    recipes = load_recipes(recipe, _with_seed(overrides, seed))
    folders, splits = named_folders(corpora), _as_list(split)
    makes_bundle = _makes_bundle(recipes, splits)
    if not makes_bundle and (text is not None or text_encoder is not None):
        raise UsageError("--text and --text-encoder work only with the recipe embedded, without --split.")
    workspace = _workspace(out, progress, device=device, resume=resume)
    if makes_bundle:
        return _train_bundle(recipes[0], folders, text, text_encoder, workspace)
    return _compare(recipes, folders, splits or [DEFAULT_SPLIT], workspace)


def train_in_processes(
    argv: Sequence[str],
    processes: int,
    corpora: CorporaLike,
    *,
    recipe: str | Sequence[str],
    split: str | Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    device: Device = "cpu",
) -> int:
    """Run the command ``callmood`` with the arguments ``argv`` in several processes; the exit status.

    The other arguments are what ``argv`` says: what is trained on is prepared first, by this process, and found in the
    cache by the others. Raises as ``train`` does, and UsageError for a bundle of the recipe embedded.
    """
    require_training_packages()
    from callmood.training.compare import prepare_all
    from callmood.training.launch import relaunched

    recipes, splits = load_recipes(recipe, _with_seed(overrides, seed)), _as_list(split)
    if _makes_bundle(recipes, splits):
        raise UsageError(
            "--gpus and --processes work with recipes that tune a network, such as whisper_minilm. The recipe "
            "embedded uses a process for each core anyway."
        )
    quietly = Workspace(Path(), report=lambda _: None)  # the others report it again
    prepare_all(recipes, named_folders(corpora), splits or [DEFAULT_SPLIT], quietly)
    return relaunched(argv, processes, device)


def study(
    name: str,
    corpora: CorporaLike,
    *,
    out: str | Path,
    text: CorporaLike | None = None,
    seed: int | None = None,
    progress: Remark | None = None,
) -> StudyResult:
    """Answer a question by measurement on the given corpora; tables and plots are written to ``out``.

    ``name``: "corpora", "modality", "neutral", "intensity", "baseline", "noise" or "split". ``text``:
    "goemotions=FOLDER", for modality. Raises UsageError for an unknown study, CallmoodError for corpora that can't
    answer it, for an ``out`` that can't be written, and for missing packages.
    """
    require_training_packages()
    from callmood.training.studies import run as studies

    texts = None if text is None else _goemotions(text)
    return studies.run(name, named_folders(corpora), texts, _workspace(out, progress), seed)


def corpus_card(
    corpora: CorporaLike,
    *,
    recipe: str = "embedded",
    overrides: Sequence[str] = (),
    progress: Remark | None = None,
) -> list[Count]:
    """Clips of each class of each corpus as the recipe prepares them, beside the paper's counts, and why they differ.

    Raises UsageError for an unknown recipe or corpus, CallmoodError for one that can't be read.
    """
    require_training_packages()
    from callmood.training.measure.corpus_card import counts

    (named,) = load_recipes(recipe, overrides)
    return counts(named_folders(corpora), named.recipe, cache_folder(), progress or log)


def load_recipes(names: str | Sequence[str], overrides: Sequence[str]) -> list[NamedRecipe]:
    """The recipes called ``names``, checked. Raises UsageError for an unknown or wrong one, and for one given twice."""
    from callmood.training.systems.families import load

    wanted = _as_list(names)
    recipes = [load(name, overrides) for name in (recipe_files.names() if wanted == ["all"] else wanted)]
    if len({named.name for named in recipes}) < len(recipes):
        raise UsageError("Give each recipe once: the folders of the results have their names.")
    return recipes


def _makes_bundle(recipes: Sequence[NamedRecipe], splits: Sequence[str]) -> bool:
    """Whether ``train`` makes the bundle that calls are scored with, and compares nothing."""
    return not splits and [named.recipe.family for named in recipes] == ["embedded"]


def _train_bundle(
    named: NamedRecipe,
    corpora: list[tuple[str, Path]],
    text: CorporaLike | None,
    text_encoder: str | Path | None,
    workspace: Workspace,
) -> Trained:
    from callmood.training.embedded_run import train_embedded
    from callmood.training.measure.card import summaries_table
    from callmood.training.measure.metrics import rounded
    from callmood.training.systems.embedded_recipe import Recipe

    assert isinstance(named.recipe, Recipe)
    text_model = None if text_encoder is None else Path(text_encoder)
    if text is not None:
        from callmood.training.text.texts import text_folders
        from callmood.training.text.tune import tune_text

        folders = text_folders(named_folders(text))
        text_model = tune_text(folders, workspace.out / "tower", workspace.report)
    found = train_embedded(named.recipe, corpora, workspace, text_model)
    first = rounded(next(iter(found.tests.values())))
    metrics = {**first, "figures": found.summaries}
    return Trained(workspace.out, metrics, summaries_table(found.summaries))


def _compare(
    recipes: Sequence[NamedRecipe],
    corpora: list[tuple[str, Path]],
    splits: Sequence[str],
    workspace: Workspace,
) -> Trained:
    from callmood.training.compare import compare
    from callmood.training.measure import table

    results = compare(recipes, corpora, splits, workspace)
    rows = [table.result_row(result) for result in results]
    only = rows[0] if len(rows) == 1 else {}
    if len(only.get("parts", ())) == 1:
        only = {**only, **only["parts"][0]}
    return Trained(
        workspace.out,
        {**only, "results": rows},
        table.markdown(*table.rows(results)),
        tuple(results),
    )


def _workspace(
    out: str | Path, progress: Remark | None, *, device: Device = "auto", resume: bool = False
) -> Workspace:
    """Raises CallmoodError where ``out`` is not a folder that can be written to."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise CallmoodError(f"{folder} can't be written to ({error.strerror}). Use another --out.") from None
    return Workspace(folder, device, resume, progress or log)


def _goemotions(text: CorporaLike) -> Path | None:
    """The folder of GoEmotions, if it is among the corpora of texts."""
    from callmood.training.text.texts import text_folders

    return text_folders(named_folders(text)).get("goemotions")


def _with_seed(overrides: Sequence[str], seed: int | None) -> list[str]:
    return [*overrides, *([] if seed is None else [f"seed={seed}"])]


def _as_list(values: str | Sequence[str] | None) -> list[str]:
    """One value or several as a list."""
    return [] if values is None else [values] if isinstance(values, str) else list(values)
