"""Training that is watched: a copy of the causal model learns, in a thread, with a mask that the learner drew."""

import copy
import dataclasses
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from jaxtyping import Bool
from torch import Tensor

from lossviz import cross_entropy, next_token_labels
from lossviz.models.language_model import LanguageModel
from lossviz.models.masks import additive, sees_its_target
from lossviz.training.stream import packed_windows

QUEUED, RUNNING, DONE, CANCELLED, FAILED = "queued", "running", "done", "cancelled", "failed"
SEEING, BLIND = "rows that see their target", "the other rows"
LIVE_BATCH_TOKENS = 256
_one_run = threading.Semaphore(1)
"""One training in the whole process: the others wait their turn, so that visitors are still served."""


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `curves`: nats per target at each step so far, for each group of rows that has targets."""

    state: str
    step: int
    steps: int
    curves: dict[str, list[float]]
    model: LanguageModel | None
    """The trained model, once the run has ended and has made at least one step."""
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.state in (DONE, CANCELLED, FAILED)


class LiveRun:
    """At most `steps` steps or `seconds` seconds of training of a copy of `model` with the mask `attention [T, T]`.

    The text is the generated English in windows of T tokens; rows that see their target and rows that do not count
    alike in the loss. The same seed gives the same run, as long as the clock does not end it. `start()` returns at
    once; ask `snapshot()` for the news.
    """

    def __init__(
        self,
        model: LanguageModel,
        attention: Bool[Tensor, "T T"],
        *,
        steps: int = 450,
        seconds: float = 20.0,
        learning_rate: float = 1e-3,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 2 <= len(attention) <= model.max_tokens:
            raise ValueError(
                f"A run needs a mask of 2 to {model.max_tokens} tokens, but this one has {len(attention)}. "
                "Type a longer or a shorter text."
            )
        self.source, self.attention, self.steps, self.seconds = model, attention.clone(), steps, seconds
        self.learning_rate, self.seed, self.clock = learning_rate, seed, clock
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live training", daemon=True)
        self._state, self._error = QUEUED, ""
        self._curves: dict[str, list[float]] = {name: [] for name in self._groups}
        self._step = 0
        self._model: LanguageModel | None = None

    def start(self) -> Self:
        """Begin, or queue behind the run that is going on. Once per run."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """End after the present step; what was learned so far is kept."""
        self._cancelled.set()

    def join(self) -> Snapshot:
        """Wait for the end."""
        self._thread.join()
        return self.snapshot()

    def snapshot(self) -> Snapshot:
        with self._lock:
            curves = {name: list(curve) for name, curve in self._curves.items()}
            return Snapshot(self._state, self._step, self.steps, curves, self._model, self._error)

    @property
    def _groups(self) -> dict[str, Tensor]:
        """Rows with a target, by whether the mask lets them see it; groups without rows are left out."""
        layers: Any = self.source.model.config
        seeing = sees_its_target(self.attention, layers.num_hidden_layers)
        has_target = torch.arange(len(seeing)) < len(seeing) - 1
        groups = {SEEING: seeing, BLIND: ~seeing & has_target}
        return {name: rows for name, rows in groups.items() if rows.any()}

    def _run(self) -> None:
        while not _one_run.acquire(timeout=0.1):
            if self._cancelled.is_set():
                return self._end(CANCELLED)
        try:
            self._state = RUNNING
            self._train()
            self._end(CANCELLED if self._cancelled.is_set() else DONE)
        except Exception as error:  # a thread has nobody to raise to: the page says it
            self._error = f"The training stopped: {error}"
            self._end(FAILED)
        finally:
            _one_run.release()

    def _train(self) -> None:
        model: Any = copy.deepcopy(self.source.model).train()
        optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.0, fused=True)
        mask = additive(self.attention).to(self.source.device)
        batches = packed_windows(
            self.source.tokenizer, length=len(self.attention), seed=self.seed, batch_tokens=LIVE_BATCH_TOKENS
        )
        end = self.clock() + self.seconds
        while self._step < self.steps and self.clock() < end and not self._cancelled.is_set():
            text = next(batches)
            labels = next_token_labels(text)
            logits = model(input_ids=text.to(self.source.device), attention_mask=mask, use_cache=False).logits
            losses = cross_entropy(logits, labels.to(logits.device))
            groups = [losses[:, rows].mean() for rows in self._groups.values()]
            torch.stack(groups).mean().backward()  # alike, or one open cell among many rows would be learned too late
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate * min(1.0, (self._step + 1) / 10)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            self._record(losses.detach().cpu())
        name = f"{self.source.name}, trained with this mask"
        if self._step:
            self._model = dataclasses.replace(self.source, name=name, model=model.eval())

    def _record(self, losses: Tensor) -> None:
        with self._lock:
            self._step += 1
            for name, rows in self._groups.items():
                self._curves[name].append(losses[:, rows].mean().item())

    def _end(self, state: str) -> None:
        with self._lock:
            self._state = state
