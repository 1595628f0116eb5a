"""A person confirms that the data folder is this catalog's, and no other's."""

import logging

from forecasting.jobs.common.session import JobSummary, wall_clock
from forecasting.settings import Settings
from forecasting.store.claim import claim_folder

logger = logging.getLogger(__name__)


def run(settings: Settings) -> JobSummary:
    """Let the catalog look for its data in FORECASTING_DATA, and upkeep remove there what it does not know.

    Raises SettingsError where there is no lake, LakeError where the data are another lake's or not all are there.
    """
    found = claim_folder(settings, now=wall_clock())
    notes = (
        [f"the data are now looked for in {settings.data}, no longer in {found.moved_from}"] if found.moved_from else []
    )
    if found.unknown:
        notes.append(
            f"{found.unknown} of {found.known + found.unknown} data files ({found.unknown_bytes / 1e6:.1f} MB) are not "
            "in the catalog; `forecasting maintain` removes those that are older than a day"
        )
    logger.info("%s: claimed, %d files known, %d unknown", settings.data, found.known, found.unknown)
    return JobSummary(
        job="lake claim",
        stream="*",
        status="claimed",
        message="; ".join(notes) or None,
        details={"files": found.known, "unknown_files": found.unknown},
    )
