"""Definitions that cannot be read, one of each kind, put beside sound ones."""

import os
from collections.abc import Callable
from pathlib import Path

from forecasting.settings import Settings
from tests.feeds import define_stream

Damage = Callable[[Settings, str], Path]
"""Makes the definition of a stream unreadable; the file that is to blame."""


def _text(settings: Settings, name: str, change: Callable[[bytes], bytes], kind: str = "toml") -> Path:
    define_stream(settings, name)
    path = settings.streams / f"{name}.{kind}"
    path.write_bytes(change(path.read_bytes()))
    return path


def latin1_toml(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda text: b"# Montr\xe9al\n" + text)


def latin1_sql(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda text: b"-- Montr\xe9al\n" + text, "sql")


def utf16(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda text: text.decode().encode("utf-16"))


def folder(settings: Settings, name: str) -> Path:
    path = settings.streams / f"{name}.toml"
    path.mkdir(parents=True)
    return path


def folder_sql(settings: Settings, name: str) -> Path:
    define_stream(settings, name)
    path = settings.streams / f"{name}.rejects.sql"
    path.mkdir()
    return path


def dangling(settings: Settings, name: str) -> Path:
    settings.streams.mkdir(parents=True, exist_ok=True)
    path = settings.streams / f"{name}.toml"
    path.symlink_to(settings.home / "gone.toml")
    return path


def dangling_sql(settings: Settings, name: str) -> Path:
    define_stream(settings, name)
    path = settings.streams / f"{name}.sql"
    path.unlink()
    path.symlink_to(settings.home / "gone.sql")
    return path


def loop(settings: Settings, name: str) -> Path:
    settings.streams.mkdir(parents=True, exist_ok=True)
    path = settings.streams / f"{name}.toml"
    path.symlink_to(path)
    return path


def pipe(settings: Settings, name: str) -> Path:
    settings.streams.mkdir(parents=True, exist_ok=True)
    path = settings.streams / f"{name}.toml"
    os.mkfifo(path)
    return path


def empty(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda _: b"")


def nested(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda text: text + b"deep = " + b"[" * 5000 + b"]" * 5000 + b"\n")


def long_number(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda text: text + b"seed = " + b"9" * 5000 + b"\n")


def huge(settings: Settings, name: str) -> Path:
    path = _text(settings, name, lambda text: text)
    os.truncate(path, 100_000_000)
    return path


def endless_time(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda text: text.replace(b'"2d"', b'"99999999999999d"'))


def no_time(settings: Settings, name: str) -> Path:
    return _text(settings, name, lambda text: text.replace(b"2024-01-01", b"0001-01-01"))


def bad_name(settings: Settings, name: str) -> Path:
    define_stream(settings, name)
    path = settings.streams / f"{name}.toml"
    return path.rename(path.with_name(f"{name} (copy).toml"))


DAMAGES: tuple[Damage, ...] = (
    *(latin1_toml, latin1_sql, utf16, folder, folder_sql, dangling, dangling_sql, loop, pipe, empty, nested),
    *(long_number, huge, endless_time, no_time, bad_name),
)
