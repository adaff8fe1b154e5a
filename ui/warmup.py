"""Slow imports and models, once per process and beside the visitors, so that none of them waits for a cold one.

Until `ready()` a page shows words and recorded views, and imports nothing slow by itself: two threads that import the
same circular packages at once can each see half of one.
"""

import gc
import logging
import threading

_lock = threading.Lock()
_warm = threading.Event()
_thread: threading.Thread | None = None


def start() -> None:
    """Warm this process in the background; the second call and all later ones do nothing."""
    global _thread
    with _lock:
        if _thread is None:
            _thread = threading.Thread(target=_run, name="warm-up", daemon=True)
            _thread.start()


def ready() -> bool:
    """Whether the warm-up has ended, so that a lesson can be computed without a long wait."""
    return _warm.is_set()


def wait(seconds: float | None = None) -> bool:
    """Wait for the end of the warm-up, for `seconds` at most; returns whether it has ended."""
    start()
    return _warm.wait(seconds)


def warm() -> None:
    """Everything that is slow the first time: the imports, the built-in models, and each page's opening view once."""
    import torch

    torch.set_num_threads(1)  # one thread a visitor: a pool of threads on few cores makes every visitor wait
    from lossviz.lessons import causal_lm, home, masked_lm, span_corruption

    for lesson in (causal_lm, masked_lm, span_corruption, home):
        lesson.scene(lesson.Dials())
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # imports torch._dynamo: a second, once


def _run() -> None:
    try:
        warm()
    except Exception:  # a page that meets the same fault shows it with its own words
        logging.getLogger(__name__).exception("the warm-up failed")
    # Streamlit collects garbage after every run, in the way of the answer to a click. Modules and models stay:
    # frozen, they are not walked again.
    gc.collect()
    gc.freeze()
    _warm.set()
