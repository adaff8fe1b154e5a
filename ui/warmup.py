"""Slow imports and models, once per process and beside the visitors, so that none of them waits for a cold one.

Until `ready()` a page shows words and recorded views, and imports nothing slow by itself: two threads that import the
same circular packages at once can each see half of one.
"""

import gc
import logging
import threading
import time

QUIET = 0.7  # seconds without a request after which nobody is waiting for a page
PATIENCE = 6.0  # seconds that the warm-up gives way in all: on a busy server too it comes to an end

_lock = threading.Lock()
_warm = threading.Event()
_thread: threading.Thread | None = None
_visited = 0.0
_patient_until = 0.0


def start() -> None:
    """Warm this process in the background; the second call and all later ones do nothing."""
    global _thread, _patient_until
    with _lock:
        if _thread is None:
            visited()
            _patient_until = time.monotonic() + PATIENCE
            _thread = threading.Thread(target=_run, name="warm-up", daemon=True)
            _thread.start()


def visited() -> None:
    """Say that a visitor is being served right now: the warm-up gives way for a moment."""
    global _visited
    _visited = time.monotonic()


def ready() -> bool:
    """Whether the warm-up has ended, so that a lesson can be computed without a long wait."""
    return _warm.is_set()


def wait(seconds: float | None = None) -> bool:
    """Wait for the end of the warm-up, for `seconds` at most; returns whether it has ended."""
    start()
    return _warm.wait(seconds)


def warm() -> None:
    """Everything that is slow the first time, in parts: visitors wait while the interpreter is busy with an import."""
    _words()
    _give_way()
    import torch

    torch.set_num_threads(1)  # one thread a visitor: a pool of threads on few cores makes every visitor wait
    _give_way()
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # imports torch._dynamo: a second, once
    _give_way()
    import lossviz.models  # noqa: F401

    _give_way()
    from lossviz.lessons.table import OPENINGS

    for lesson in OPENINGS.values():
        _give_way()
        lesson.scene(lesson.Dials())


def _words() -> None:
    """What a recorded view needs; it is there before the first visitor's browser asks for it."""
    import pandas  # noqa: F401  Streamlit imports it with the first component

    from lossviz.drill.questions import load_questions
    from ui import frame  # noqa: F401

    load_questions()


def _give_way() -> None:
    while time.monotonic() < min(_visited + QUIET, _patient_until):
        time.sleep(0.05)


def _run() -> None:
    try:
        warm()
    except Exception:  # a page that meets the same fault shows it with its own words
        logging.getLogger(__name__).exception("the warm-up failed")
    # Modules and models stay for good: frozen, no collection of garbage walks through them again.
    gc.collect()
    gc.freeze()
    _warm.set()
