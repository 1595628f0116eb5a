"""How torch, Lightning and darts run inside a job: quietly, and in one thread where batches are small."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

MANY_WINDOWS = 512
"""Windows in a batch from which on several threads pay."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep messages of Lightning and darts on hardware, workers and trackers out of the job's log."""
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in ("pytorch_lightning", "darts")}
    for noisy in levels:
        noisy.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pytorch_lightning")
            warnings.filterwarnings("ignore", module="torch.utils.data")
            yield
    finally:
        for noisy, level in levels.items():
            noisy.setLevel(level)


@contextmanager
def own_threads(windows: int, *, many: int = MANY_WINDOWS) -> Iterator[None]:
    """Compute small batches in a single thread, and restore torch's setting afterwards.

    windows: size of a batch; many: size from which on several threads pay. Small batches are many small operations, for
    which a second thread gains a third at most on an idle machine; where other processes use the cores, 50 times slower
    has been measured.
    """
    before = torch.get_num_threads()
    if windows < many:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
