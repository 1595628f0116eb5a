"""The modules of darts that define public models, imported without anything that could download.

darts imports huggingface_hub beside these definitions, for weights that it misses. Here weights are given (see
`networks`), no part of darts that downloads is called, and a module that refuses stands in for huggingface_hub while
darts is imported, whether or not that package is installed.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from forecasting.errors import ModelError

HUB, HUB_ERRORS = "huggingface_hub", "huggingface_hub.errors"


def import_offline(name: str) -> ModuleType:
    """A module of darts, or of what darts needs for a model. Raises ImportError where it is not installed."""
    with _without_hub():
        return import_module(name)


@contextmanager
def _without_hub() -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in (HUB, HUB_ERRORS)}
    hub, errors = ModuleType(HUB), ModuleType(HUB_ERRORS)
    vars(hub).update(hf_hub_download=_refuse, snapshot_download=_refuse, errors=errors)
    vars(errors).update(LocalEntryNotFoundError=FileNotFoundError)
    sys.modules.update({HUB: hub, HUB_ERRORS: errors})
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _refuse(*_: Any, **__: Any) -> None:
    raise ModelError("foundation: weights are read from this machine and never downloaded")
