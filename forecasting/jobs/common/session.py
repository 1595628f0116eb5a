"""What every job begins and ends with: the stream, the lake, a run on record, a summary."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from forecasting.redaction import redact, redact_values
from forecasting.settings import Settings
from forecasting.store.files.definitions import Definition, read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read, require_lake
from forecasting.store.model_files import ModelFiles
from forecasting.store.tables.runs import Run, failures_on_record, start_run
from forecasting.terms import RunKind


@dataclass(frozen=True)
class JobSummary:
    """What a job did, small enough for a log line or an XCom. No secret is in its texts."""

    job: str
    stream: str
    status: str
    run_id: str | None = None
    origin: str | None = None
    rows: int = 0
    message: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", redact(self.message) if self.message else self.message)
        object.__setattr__(self, "details", redact_values(self.details))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Session:
    """A job at work on one stream."""

    settings: Settings
    definition: Definition
    lake: Lake

    @cached_property
    def models(self) -> ModelFiles:
        """The files of the models on the lake's register."""
        return ModelFiles(self.lake)

    @contextmanager
    def run(self, kind: RunKind, *, origin: datetime | None) -> Iterator[Run]:
        """A run on record; if the job fails inside, the failure is on record too."""
        token = uuid.uuid4().hex[:8]
        run = start_run(
            self.lake, self.definition.stream, kind=kind, origin=origin, started_at=wall_clock(), token=token
        )
        with failures_on_record(self.lake, run, clock=wall_clock):
            yield run


@contextmanager
def open_session(
    settings: Settings, stream: str, *, read_only: bool = False, must_exist: bool = False
) -> Iterator[Session]:
    """The stream's definition and the lake, made and migrated where that is due.

    read_only: the lake as it stands; nothing is created, migrated or written. Raises SettingsError where there is none,
    LakeError where its tables are those of an older version. must_exist: raises SettingsError where there is no lake
    yet; it is for jobs that write, but only about what is there.
    """
    definition = read_definition(settings, stream)
    if must_exist:
        require_lake(settings)
    with open_lake_to_read(settings) if read_only else open_lake(settings) as lake:
        if read_only:
            lake.require_present_tables()
        yield Session(settings, definition, lake)


def wall_clock() -> datetime:
    """The present moment, for the record of runs and as the default end of a pull; never for what is known."""
    return datetime.now(UTC)
