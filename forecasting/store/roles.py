"""Roles of a PostgreSQL server that keeps a catalog: made, given their rights, and asked what they may do."""

import duckdb
import pandas as pd

from forecasting.errors import LakeBusyError, LakeError
from forecasting.store.lake.attach import patiently
from forecasting.store.lake.faults import LakeFault, cause_of, fault_of, lost_message
from forecasting.store.lake.lake import Lake

_STEPS = ("server/roles/create.sql", "server/roles/create_inbox.sql", "server/roles/grant.sql")


def make_roles(lake: Lake) -> pd.DataFrame:
    """Make the roles of a lake and the planners' inbox, as far as they are not there; returns what each role may do.

    All of it happens or nothing, alone among writers. Columns: role, on, may. Raises LakeError where the catalog's role
    has not the right to, LakeBusyError where its server stays away.
    """

    def make() -> None:
        with lake.alone():
            lake.server.change(*_STEPS)

    try:
        patiently(lake.settings, make)
        rights = patiently(lake.settings, lambda: lake.server.ask("server/roles/rights.sql"))
    except duckdb.Error as error:
        if fault_of(error, lake.settings) is LakeFault.LOST:
            raise LakeBusyError(lost_message(lake.settings, error, "making roles")) from error
        raise LakeError(
            f"{lake.settings.catalog}: the roles cannot be made: {cause_of(error)}; none was changed; run it as a role "
            "that may create roles and owns the database and the lake's tables, such as postgres"
        ) from error
    return pd.DataFrame(rights, columns=["role", "on", "may"])
