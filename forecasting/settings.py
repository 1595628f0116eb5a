"""Where things are, read once from the environment."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from forecasting.errors import SettingsError
from forecasting.redaction import remember_environment, remember_value

_KNOWN = {"HOME", "CATALOG", "DATA", "MODELS", "STREAMS", "SQL", "WORKERS"}
_OF_ALARMS = {"ALARM_WEBHOOK", "ALARM_SMTP", "ALARM_MAIL_FROM", "ALARM_MAIL_TO"}
_OF_STORE = {"S3_ENDPOINT", "S3_REGION", "S3_PATH_STYLE", "S3_SSL"}
_KEYS = {"key_id": "AWS_ACCESS_KEY_ID", "secret": "AWS_SECRET_ACCESS_KEY", "session_token": "AWS_SESSION_TOKEN"}
VARIABLES = tuple(f"FORECASTING_{name}" for name in sorted(_KNOWN | _OF_STORE | _OF_ALARMS))
"""Every variable of the program's own."""
_ENDPOINT = re.compile(r"[\w.-]+(:\d+)?|\[[\da-fA-F:]+\](:\d+)?")
_PERSON = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
_ANSWERS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
MOST_WORKERS = 32
"""Wide maps are slow in Airflow."""


class ObjectStore(BaseModel):
    """How an S3 store is reached. Without keys those of DuckDB's own secrets are used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str | None = None
    """`host:port`; None for that of Amazon."""
    region: str | None = None
    path_style: bool = False
    """Whether the bucket is named in the path of an address, not in its host."""
    ssl: bool = True
    key_id: SecretStr | None = None
    secret: SecretStr | None = None
    session_token: SecretStr | None = None

    def as_environment(self) -> dict[str, str]:
        """The variables that these settings are read from; an empty text counts as absent."""
        keys: dict[str, SecretStr | None] = {name: getattr(self, field) for field, name in _KEYS.items()}
        return {
            "FORECASTING_S3_ENDPOINT": self.endpoint or "",
            "FORECASTING_S3_REGION": self.region or "",
            "FORECASTING_S3_PATH_STYLE": str(self.path_style).lower(),
            "FORECASTING_S3_SSL": str(self.ssl).lower(),
            **{name: key.get_secret_value() for name, key in keys.items() if key},
        }


class Mail(BaseModel):
    """How notices are mailed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: SecretStr
    """`smtp://` or `smtps://`, with user and password where it asks for them."""
    sender: str
    to: tuple[str, ...]


class Notices(BaseModel):
    """Ways by which people hear of alarms; none unless they are set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook: SecretStr | None = None
    """Address that takes a POST of JSON; often a secret as a whole."""
    mail: Mail | None = None

    def as_environment(self) -> dict[str, str]:
        """The variables that these settings are read from; an empty text counts as absent."""
        mail = self.mail
        return {
            "FORECASTING_ALARM_WEBHOOK": self.webhook.get_secret_value() if self.webhook else "",
            "FORECASTING_ALARM_SMTP": mail.server.get_secret_value() if mail else "",
            "FORECASTING_ALARM_MAIL_FROM": mail.sender if mail else "",
            "FORECASTING_ALARM_MAIL_TO": ",".join(mail.to) if mail else "",
        }


class Settings(BaseModel):
    """Locations of the lake, the models, the stream definitions and their SQL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    """Relative feed paths start here."""
    catalog: str
    """`sqlite:PATH` or `postgres:CONNECTION`."""
    data: str
    """Folder or `s3://` prefix that holds the lake's Parquet files."""
    models: str
    """Folder or `s3://` prefix that holds the weights of models."""
    streams: Path
    """Users' own stream definitions with their SQL beside them; may be absent."""
    sql: Path | None
    """Folder that replaces the packaged SQL."""
    workers: int = 1
    """Airflow tasks that share the forecast of a stream which is too large for one."""
    store: ObjectStore = ObjectStore()
    notices: Notices = Notices()

    @property
    def catalog_file(self) -> Path | None:
        """File of an embedded catalog; None where the catalog is a server."""
        kind, _, place = self.catalog.partition(":")
        return Path(place) if kind == "sqlite" else None

    @property
    def writer_lock(self) -> Path | None:
        """File whose lock serialises writers of an embedded catalog; None where the catalog is a server."""
        return self.catalog_file.parent / "writer.lock" if self.catalog_file else None

    def as_environment(self) -> dict[str, str]:
        """Every `FORECASTING_*` variable and the store's keys, so that a process which reads them has these settings.

        A setting without a value is an empty text, which counts as absent: it hides one of the process that starts it.
        """
        own = {f"FORECASTING_{name}": str(getattr(self, name.lower()) or "") for name in sorted(_KNOWN)}
        return own | self.store.as_environment() | self.notices.as_environment()


def _working_folder() -> Path:
    """The folder that relative paths start in; libraries ask for it too, wherever the home is."""
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingsError(
            f"environment: the working folder is gone or closed to this user ({error.strerror}); change to another one "
            "and run again"
        ) from error


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings of the `FORECASTING_*` variables, with defaults below `FORECASTING_HOME`.

    Raises SettingsError on an unknown variable of that prefix, a catalog of another kind than sqlite and postgres,
    settings of a store that are none, or a working folder that is gone.
    """
    remember_environment(environment)
    given = {
        key.removeprefix("FORECASTING_"): value for key, value in environment.items() if key.startswith("FORECASTING_")
    }
    unknown = sorted(given.keys() - _KNOWN - _OF_STORE - _OF_ALARMS)
    if unknown:
        names = ", ".join(VARIABLES)
        raise SettingsError(f"environment: FORECASTING_{unknown[0]} is not a setting; the settings are {names}")
    home = _working_folder() / (given.get("HOME") or ".")
    catalog = given.get("CATALOG") or f"sqlite:{home / 'lake' / 'catalog.sqlite'}"
    kind, _, place = catalog.partition(":")
    if kind not in ("sqlite", "postgres") or not place:
        raise SettingsError(
            f"environment: FORECASTING_CATALOG={catalog!r} is no catalog; expected sqlite:PATH or postgres:CONNECTION"
        )
    if kind == "sqlite":
        catalog = f"sqlite:{home / place}"
    data = _place(home, given.get("DATA") or str(home / "lake" / "data"))
    beside_data = _beside(data) if "://" in data else str(Path(data).parent / "models")
    models = _place(home, given.get("MODELS") or beside_data)
    return Settings(
        home=home,
        catalog=catalog,
        data=data,
        models=models,
        streams=home / (given.get("STREAMS") or "streams"),
        sql=home / given["SQL"] if given.get("SQL") else None,
        workers=_workers(given.get("WORKERS") or "1"),
        store=_read_store(given, environment, in_use="://" in data or "://" in models),
        notices=_read_notices(given),
    )


def _place(home: Path, place: str) -> str:
    """A folder, or a prefix of an object store as it is."""
    return place if "://" in place else str(home / place)


def _beside(data: str) -> str:
    """Prefix of the models beside that of the data, which may be a whole bucket."""
    scheme, _, path = data.rstrip("/").partition("://")
    return f"{scheme}://{path.rpartition('/')[0] or path}/models"


def _read_store(given: Mapping[str, str], environment: Mapping[str, str], *, in_use: bool) -> ObjectStore:
    """in_use: whether the lake needs it; one half of a key is then a mistake, else of no concern."""
    keys = {field: environment[name] for field, name in _KEYS.items() if environment.get(name)}
    whole = {"key_id", "secret"} <= keys.keys()
    if in_use and not whole and keys.keys() & {"key_id", "secret"}:
        have, lack = ("key_id", "secret") if "key_id" in keys else ("secret", "key_id")
        raise SettingsError(f"environment: {_KEYS[have]} is set and {_KEYS[lack]} is not; set both, or none of them")
    endpoint = given.get("S3_ENDPOINT") or None
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        raise SettingsError(
            f"environment: FORECASTING_S3_ENDPOINT={endpoint!r}: expected HOST or HOST:PORT; without TLS (http://) set "
            "FORECASTING_S3_SSL=false"
        )
    return ObjectStore(
        endpoint=endpoint,
        region=given.get("S3_REGION") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None,
        # a store of one's own has rarely a name for each bucket
        path_style=_answer(given, "S3_PATH_STYLE", default=endpoint is not None),
        ssl=_answer(given, "S3_SSL", default=True),
        **({field: SecretStr(key) for field, key in keys.items()} if whole else {}),
    )


def _read_notices(given: Mapping[str, str]) -> Notices:
    webhook, server, to = (given.get(name) or "" for name in ("ALARM_WEBHOOK", "ALARM_SMTP", "ALARM_MAIL_TO"))
    for secret in (webhook, server):
        remember_value(secret)
    if webhook and not _is_address(webhook, "http", "https"):
        raise SettingsError("environment: FORECASTING_ALARM_WEBHOOK: expected http://HOST/... or https://HOST/...")
    if bool(server) != bool(to):
        have, lack = ("SMTP", "MAIL_TO") if server else ("MAIL_TO", "SMTP")
        raise SettingsError(
            f"environment: FORECASTING_ALARM_{have} is set and FORECASTING_ALARM_{lack} is not; set both, or "
            "none of them"
        )
    if not server:
        return Notices(webhook=SecretStr(webhook) if webhook else None)
    if not _is_address(server, "smtp", "smtps"):
        raise SettingsError(
            "environment: FORECASTING_ALARM_SMTP: expected smtp://HOST:PORT or smtps://USER:PASSWORD@HOST"
        )
    people = tuple(one.strip() for one in to.split(",") if one.strip())
    sender = given.get("ALARM_MAIL_FROM") or people[0]
    for one in (*people, sender):
        if not _PERSON.fullmatch(one):
            raise SettingsError(f"environment: {one!r} is no mail address; expected NAME@HOST, several with commas")
    return Notices(
        webhook=SecretStr(webhook) if webhook else None,
        mail=Mail(server=SecretStr(server), sender=sender, to=people),
    )


def _is_address(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _answer(given: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = given.get(name) or str(default)
    if text.lower() not in _ANSWERS:
        raise SettingsError(f"environment: FORECASTING_{name}={text!r}: expected true or false")
    return _ANSWERS[text.lower()]


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise SettingsError(f"environment: expected FORECASTING_WORKERS to be 1 to {MOST_WORKERS}, found {text!r}")
    return int(text)
