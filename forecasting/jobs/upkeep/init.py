"""Make a lake before anybody works with it, with the roles of its server."""

from dataclasses import dataclass

import pandas as pd

from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake
from forecasting.store.roles import make_roles


@dataclass(frozen=True)
class Made:
    """A lake that is there now."""

    catalog: str
    data: str
    rights: pd.DataFrame | None
    """What each role may do (role, on, may); None where the catalog is a file, which knows no roles."""


def run(settings: Settings) -> Made:
    """Make the lake, bring it to this version, and make the roles of its server; what is there already stays.

    Raises LakeError where the catalog's role may not make roles; the lake is made all the same.
    """
    with open_lake(settings) as lake:
        rights = None if settings.catalog_file else make_roles(lake)
    return Made(settings.catalog, settings.data, rights)
