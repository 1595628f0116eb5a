"""Files that stream definitions ask for at the end of every nightly run (`[export]`)."""

import logging
from collections.abc import Sequence

from forecasting.errors import ForecastingError, surprises_named
from forecasting.jobs.reports import export as job
from forecasting.settings import Settings
from forecasting.store.access.extensions import literal
from forecasting.store.files.definitions import read_definition

logger = logging.getLogger(__name__)


def export(settings: Settings, streams: Sequence[str]) -> dict[str, str]:
    """What became of each file, by its name: its number of rows, or why it was not written.

    Nothing that goes wrong with one stops another or raises: a run's forecasts do not depend on its files. A file that
    could not be written stays as it was.
    """
    done: dict[str, str] = {}
    for name in streams:
        try:
            wanted = read_definition(settings, name).stream.export
        except ForecastingError:
            continue  # its own steps say what is wrong with a definition
        for view in wanted.views if wanted else ():
            assert wanted is not None
            file = f"{name}_{view}"
            query = f"from analyst.{view} where stream = {literal(name)}"
            try:
                with surprises_named(f"stream {name}: export of {view}"):
                    folder = settings.home / wanted.folder
                    written = job.run(settings, query, form=wanted.format, folder=folder, name=file)
                    done[f"{file}.{wanted.format}"] = f"{written.rows} rows"
            except ForecastingError as error:
                logger.warning("%s", error)
                done[f"{file}.{wanted.format}"] = str(error)
    return done
