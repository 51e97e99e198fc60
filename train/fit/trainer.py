"""Training by gradient: transformers' Trainer with callmood's own order of clips, loss and checkpoints.

The order of the clips depends on seed and epoch alone, and a loss is divided by the clips of all processes and all
accumulated batches together. So two processes reach the weights that one reaches with a batch of twice the size, and
a run that is resumed from a checkpoint ends with the weights of one that was never stopped.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import torch
from accelerate import PartialState
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.special import softmax
from torch import nn
from torch.nn import functional
from torch.utils.data import Sampler, Subset
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from callmood.arrays import Floats, Ints
from callmood.errors import CallmoodError
from callmood.model.encode import pick_device
from callmood.training import progress
from callmood.training.fit import checkpoints
from callmood.training.fit.batches import ShuffledRows
from callmood.training.fit.parameter_groups import layered
from callmood.training.fit.rows import Rows
from callmood.training.fit.table import TrainingTable
from callmood.training.launch import is_main, output_to_standard_error
from callmood.training.progress import Remark
from callmood.training.workspace import Workspace

Inputs = dict[str, Any]
"""What ``collate`` makes of rows: the model's inputs, "labels" [n] (-100: no label) and perhaps "weights" [n], how
much each row counts in the loss (else 1)."""
Collate = Callable[[list[Any]], Inputs]

NO_LABEL: Final = -100

# Accelerate calls the processor of one of several processes "cpu:0", as which torch loads no checkpoint.
torch.serialization.register_package(
    15, lambda storage: None, lambda storage, device: storage if device.startswith("cpu:") else None
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is known after a training. The model itself holds the best weights."""

    history: list[dict[str, float]]
    """A row for each evaluation: epoch, step, loss, validation_loss, validation_ua and validation_wa (percent),
    learning_rate."""
    notes: dict[str, Any]
    """Of this call, not of one that it resumes: seconds, loading_share (of the seconds, spent waiting for clips),
    clips_per_second (trained, in the seconds without evaluations and checkpoints); parameters, trained_parameters,
    device, processes, peak_memory_gb (of a GPU)."""


def fit(
    model: nn.Module,
    train: Rows,
    validation: Rows,
    collate: Collate,
    table: TrainingTable,
    *,
    labels: int,
    seed: int,
    workspace: Workspace,
    groups: Sequence[Mapping[str, Any]] | None = None,
) -> Fitted:
    """Train ``model`` and leave in it the weights with the best UA + WA on ``validation``.

    ``model(**inputs)`` gives logits [n, labels]. Checkpoints are kept in the workspace; where it resumes, training
    continues from the last complete one. ``groups``: an optimizer's parameter groups, see parameter_groups.py. Raises
    CallmoodError for a device that is not there and for a full disk.
    """
    folder = workspace.checkpoints
    if is_main():
        checkpoints.clear(folder, everything=not workspace.resume)
    arguments = _arguments(table, folder, seed, workspace, len(train))
    if groups is None:
        groups = layered([model.parameters()], table.learning_rate, table.layer_decay, table.weight_decay)
    callbacks: list[TrainerCallback] = [_EvaluationReport(workspace.report)]
    if progress.are_on() and sys.stderr.isatty() and is_main():
        callbacks.append(_Bar())
    if table.patience:
        callbacks.append(EarlyStoppingCallback(table.patience))
    trainer = _Trainer(
        table,
        class_weights(train.labels, labels) if table.class_weights else torch.ones(labels),
        model=model,
        args=arguments,
        data_collator=collate,
        train_dataset=train,
        eval_dataset=_longest_first(validation),
        compute_metrics=_recalls,
        callbacks=callbacks,
        optimizers=(torch.optim.AdamW([dict(group) for group in groups]), None),
    )
    trainer.accelerator.wait_for_everyone()
    checkpoint = checkpoints.last_checkpoint(folder) if workspace.resume else None
    if checkpoint is not None and is_main():
        workspace.report(f"resuming from step {checkpoints.state_of(checkpoint)['global_step']}")
    started = perf_counter()
    if checkpoint is None or not checkpoints.is_finished(checkpoint):
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    wait()
    newest = checkpoints.last_checkpoint(folder)
    assert newest is not None  # the last step is always saved
    state = checkpoints.state_of(newest)
    best = folder / Path(state["best_model_checkpoint"]).name
    model.load_state_dict(load_file(best / "model.safetensors"))
    return Fitted(checkpoints.history(state["log_history"]), _notes(trainer, perf_counter() - started))


def predict(
    model: nn.Module, rows: Rows, collate: Collate, table: TrainingTable, workspace: Workspace
) -> Floats:
    """Logits float32 [n, labels] of all rows, in their order."""
    ordered = _longest_first(rows)
    arguments = _arguments(table, workspace.checkpoints, 0, workspace, len(rows))
    trainer = _Trainer(
        table, torch.ones(1), model=model, args=arguments, data_collator=collate, eval_dataset=ordered
    )
    found = np.asarray(trainer.predict(ordered).predictions, dtype=np.float32)
    logits = np.empty_like(found)
    logits[np.asarray(ordered.indices)] = found
    return logits


def fit_and_test(
    model: nn.Module,
    parts: tuple[Rows, Rows, Rows],
    collate: Collate,
    table: TrainingTable,
    *,
    labels: int,
    seed: int,
    workspace: Workspace,
) -> tuple[Floats, Fitted]:
    """``fit``, and then probabilities float32 [n, labels] of the test part. ``parts``: train, validation, test."""
    train, validation, test = parts
    fitted = fit(model, train, validation, collate, table, labels=labels, seed=seed, workspace=workspace)
    return softmax(predict(model, test, collate, table, workspace), axis=1), fitted


def wait() -> None:
    """Until all processes of the run get here."""
    PartialState().wait_for_everyone()


def class_weights(labels: Ints, number: int) -> torch.Tensor:
    """float32 [number]: n / (labels that occur * clips of the label), so that the mean over clips is 1."""
    clips = np.bincount(labels[labels >= 0], minlength=number)
    weights = clips.sum() / (np.count_nonzero(clips) * np.maximum(clips, 1))
    return torch.tensor(weights, dtype=torch.float32)


class _Trainer(Trainer):
    """transformers' Trainer with callmood's order of clips, loss, and marks of complete checkpoints."""

    def __init__(self, table: TrainingTable, weights: torch.Tensor, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.table, self.weights = table, weights
        self.waited_s, self.aside_s, self.trained_rows = 0.0, 0.0, 0
        # makes the Trainer count the labels of all processes and accumulated batches for compute_loss
        self.model_accepts_loss_kwargs = True
        callbacks: Any = self.callback_handler
        callbacks.remove_callback(PrinterCallback)  # writes to the standard output

    def _get_train_sampler(self, *_: Any) -> Sampler[int]:
        rows: Any = self.train_dataset
        lengths = rows.lengths if self.table.group_by_length else None
        batch = self.table.batch_size * self.args.world_size
        return ShuffledRows(lengths, len(rows), batch, self.args.seed, lambda: int(self.state.epoch or 0))

    def get_batch_samples(self, epoch_iterator: Iterator[Inputs], *arguments: Any) -> Any:
        batches, count = super().get_batch_samples(self._timed(epoch_iterator), *arguments)
        self.trained_rows += sum(len(batch["labels"]) for batch in batches)
        return batches, count

    def _timed(self, batches: Iterator[Inputs]) -> Iterator[Inputs]:
        while True:
            started = perf_counter()
            batch = next(batches, None)
            self.waited_s += perf_counter() - started
            if batch is None:
                return
            yield batch

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Inputs,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        given = dict(inputs)
        labels, weights = given.pop("labels"), given.pop("weights", None)
        logits = model(**given).float()
        losses = functional.cross_entropy(
            logits, labels, self.weights.to(logits.device) if model.training else None, reduction="none"
        )
        if weights is not None:
            losses = losses * weights
        if num_items_in_batch is None:
            loss = losses.sum() / labels.ne(NO_LABEL).sum().clamp(min=1)
        else:  # of all processes, over which gradients are averaged afterwards
            loss = losses.sum() / num_items_in_batch * self.accelerator.num_processes
        return (loss, {"logits": logits}) if return_outputs else loss

    def evaluate(self, *given: Any, **named: Any) -> dict[str, float]:
        started = perf_counter()
        metrics = super().evaluate(*given, **named)
        self.aside_s += perf_counter() - started
        return metrics

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        started = perf_counter()
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="mtime may not be reliable")
                super()._save_checkpoint(model, trial)  # type: ignore[no-untyped-call]
        except (OSError, SafetensorError, RuntimeError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            reason = str(error).partition("\n")[0]
            raise CallmoodError(
                f"The checkpoint {folder} can't be written ({reason}). Make room on that disk and start the same "
                "command again with --resume, which continues from the checkpoint before."
            ) from error
        self.accelerator.wait_for_everyone()
        if is_main():
            (folder / checkpoints.COMPLETE).touch()
        self.aside_s += perf_counter() - started


class _EvaluationReport(TrainerCallback):
    """A remark after each evaluation; the last step is always evaluated."""

    def __init__(self, report: Remark) -> None:
        self.report = report

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_log = control.should_evaluate = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if is_main():
            loss = next((row["loss"] for row in reversed(state.log_history) if "loss" in row), float("nan"))
            ua, wa = given["metrics"]["eval_ua"], given["metrics"]["eval_wa"]
            self.report(
                f"epoch {state.epoch:.2f}, step {state.global_step}: loss {loss:.3f}, "
                f"validation UA {ua:.1f}, WA {wa:.1f}"
            )


class _Bar(ProgressCallback):
    """A progress bar on the standard error stream that leaves the standard output alone."""

    def on_log(self, *_: Any, **__: Any) -> None:
        """The Trainer's own would print the metrics a second time."""


def _arguments(
    table: TrainingTable, folder: Path, seed: int, workspace: Workspace, rows: int
) -> TrainingArguments:
    """The Trainer's arguments. ``rows``: of the training part."""
    device = _checked_device(workspace.device)
    # read by TrainingArguments, which sets it for good: a run in float32 after one in bfloat16 would inherit that
    os.environ["ACCELERATE_MIXED_PRECISION"] = "no"
    world = int(os.environ.get("WORLD_SIZE", "1"))
    batches = -(-rows // (table.batch_size * world))
    steps = -(-batches // table.accumulate)
    interval = -(-steps // table.evaluations_per_epoch)
    with output_to_standard_error():  # gloo announces there that the processes are connected
        arguments = TrainingArguments(
            output_dir=str(folder),
            seed=seed,
            use_cpu=device == "cpu",
            bf16=table.precision == "bfloat16",
            num_train_epochs=table.epochs,
            per_device_train_batch_size=table.batch_size,
            per_device_eval_batch_size=table.evaluation_batch_size,
            gradient_accumulation_steps=table.accumulate,
            learning_rate=table.learning_rate,
            weight_decay=table.weight_decay,
            warmup_steps=table.warmup_steps,
            lr_scheduler_type=table.schedule,
            max_grad_norm=table.max_grad_norm,
            average_tokens_across_devices=True,
            logging_strategy="steps",
            logging_steps=interval,
            logging_nan_inf_filter=False,
            eval_strategy="steps",
            eval_steps=interval,
            save_strategy="steps",
            save_steps=interval,
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model="ua_wa",
            greater_is_better=True,
            restore_callback_states_from_checkpoint=True,
            label_names=["labels"],
            remove_unused_columns=False,
            dataloader_num_workers=table.workers,
            dataloader_pin_memory=device == "cuda",
            # a batch without words, or without sound, leaves an encoder without gradients
            ddp_find_unused_parameters=world > 1,
            ddp_backend="gloo" if world > 1 and device == "cpu" else None,
            report_to="none",
            disable_tqdm=True,
        )
    arguments._n_gpu = min(1, arguments.n_gpu)  # several GPUs are for several processes, not for DataParallel
    return arguments


def _checked_device(name: str) -> str:
    device = pick_device(name)
    if device == "cuda" and not torch.cuda.is_available():
        raise CallmoodError("CUDA finds no GPU. Use --device cpu.")
    return device


def _recalls(answers: Any) -> dict[str, float]:
    """UA and WA in percent, and their sum, of a validation part."""
    labels, best = np.asarray(answers.label_ids), np.asarray(answers.predictions).argmax(axis=1)
    right = best == labels
    recalls = [right[labels == label].mean() for label in np.unique(labels[labels >= 0])]
    ua, wa = 100 * float(np.mean(recalls)), 100 * float(right[labels >= 0].mean())
    return {"ua": ua, "wa": wa, "ua_wa": ua + wa}


def _longest_first(rows: Rows) -> Subset[Any]:
    """``rows`` in batches of similar lengths; too little memory shows at once."""
    dataset: Any = rows
    return Subset(dataset, np.argsort(-rows.lengths, kind="stable").tolist())


def _notes(trainer: _Trainer, seconds: float) -> dict[str, Any]:
    assert trainer.model is not None
    parameters = list(trainer.model.parameters())
    device = trainer.args.device
    training = max(seconds - trainer.aside_s, 1e-9)
    notes = {
        "seconds": round(seconds, 1),
        "loading_share": round(trainer.waited_s / max(seconds, 1e-9), 4),
        "clips_per_second": round(trainer.trained_rows * trainer.args.world_size / training, 2),
        "parameters": sum(p.numel() for p in parameters),
        "trained_parameters": sum(p.numel() for p in parameters if p.requires_grad),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "processes": trainer.args.world_size,
    }
    if device.type == "cuda":
        notes["peak_memory_gb"] = round(torch.cuda.max_memory_allocated(device) / 2**30, 2)
    return notes
