"""Exports as contact centres and networks produce them, generated in many formats, each with what it means."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from forecasting.terms import parse_duration

ZONE = "America/Toronto"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Meaning = dict[tuple[str, datetime], float | None]
"""Value of each key and UTC instant; None where it is unknown."""


def _stamp(form: str) -> Callable[[datetime], str]:
    return lambda ts: ts.strftime(form)


def _serial(ts: datetime) -> str:
    return repr((ts.replace(tzinfo=UTC) - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1))


DATES = {
    "iso": "%Y-%m-%d",
    "iso slash": "%Y/%m/%d",
    "day first": "%d/%m/%Y",
    "day first, points": "%d.%m.%Y",
    "month first": "%m/%d/%Y",
    "month name": "%d-%b-%Y",
    "compact": "%Y%m%d",
    "two digits": "%d/%m/%y",
}
CLOCKS = {"minutes": "%H:%M", "seconds": "%H:%M:%S", "half days": "%I:%M %p"}
NUMBERED = {
    "epoch": lambda ts: str(int(ts.timestamp())),
    "epoch ms": lambda ts: str(int(ts.timestamp() * 1000)),
    "epoch ns": lambda ts: str(int(ts.timestamp()) * 1_000_000_000),
    "serial": _serial,
}


@dataclass(frozen=True)
class Export:
    """One way to write a feed. dates: of DATES or NUMBERED; offset: none, Z or +hh:mm; keys: columns of the key."""

    number: int
    separator: str = ","
    decimal: str = "."
    digits: int = 0
    thousands: str = ""
    dates: str = "iso"
    clock: str = "minutes"
    offset: str = "none"
    apart: bool = False
    encoding: str = "utf-8"
    wide: bool = False
    unknown: str = ""
    keys: int = 1
    interval: str = "1h"
    days: int = 20
    scale: float = 400.0
    preamble: bool = False
    equal: bool = False
    """Whether all series have one value at each time."""

    @property
    def step(self) -> timedelta:
        return parse_duration(self.interval)

    def write(self, folder: Path) -> tuple[Path, Meaning]:
        """Write the export; what it means."""
        draw = np.random.default_rng(self.number)
        names = [("help", "voice"), ("help", "chat"), ("Fünf", "voice")][: 3 if self.keys else 1]
        keys = {0: lambda _: "", 1: lambda name: f"{name[0]}-{name[1]}", 2: ".".join}[self.keys]
        meaning: Meaning = {}
        cells: dict[datetime, dict[tuple[str, str], str]] = {}
        for ts in self._times():
            value = round(float(draw.gamma(2.0, self.scale)), self.digits)
            for name in names:
                if not self.equal:
                    value = round(float(draw.gamma(2.0, self.scale)), self.digits)
                known = draw.random() > 0.02 or not self.unknown
                meaning[keys(name), ts.astimezone(UTC)] = value if known else None
                cells.setdefault(ts, {})[name] = self._number(value) if known else self.unknown
        heads = ["Date", "Time"] if self.apart else ["Date"]
        lines = [["Report of queues"], ["by the switch"]] if self.preamble else []
        if self.wide:
            lines.append([*heads, *(f"{name[0]} {name[1]}" for name in names)])
            lines += [[*self._time(ts), *row.values()] for ts, row in cells.items()]
            meaning = {(key.replace("-", " "), ts): value for (key, ts), value in meaning.items()}
        else:
            columns = {0: [], 1: ["Queue"], 2: ["Queue", "Channel"]}[self.keys]
            lines.append([*heads, *columns, "Calls"])
            for ts, row in cells.items():
                for name, text in row.items():
                    key = {0: (), 1: (f"{name[0]}-{name[1]}",), 2: name}[self.keys]
                    lines.append([*self._time(ts), *key, text])
        path = folder / f"export{self.number}.csv"
        text = "".join(self.separator.join(map(self._quoted, line)) + "\n" for line in lines)
        path.write_bytes(text.encode(self.encoding))
        return path, meaning

    def _times(self) -> list[datetime]:
        first = datetime(2024, 2, 1, tzinfo=ZoneInfo(ZONE))
        days = [first + timedelta(days=day) for day in range(self.days)]
        if self.step >= timedelta(days=1):
            return days
        hours = range(9 * 3600, 15 * 3600, int(self.step.total_seconds()))
        return [day + timedelta(seconds=second) for day in days for second in hours]

    def _time(self, ts: datetime) -> list[str]:
        if self.dates in NUMBERED:
            return [NUMBERED[self.dates](ts)]
        date = ts.strftime(DATES[self.dates])
        if self.step >= timedelta(days=1):
            return [date]
        shown = ts.astimezone(UTC) if self.offset == "Z" else ts
        offset = {"none": "", "Z": "Z", "+hh:mm": f"{ts:%z}"[:3] + ":00"}[self.offset]
        clock = shown.strftime(CLOCKS[self.clock]) + offset
        return [date, clock] if self.apart else [f"{shown.strftime(DATES[self.dates])} {clock}"]

    def _number(self, value: float) -> str:
        text = f"{value:,.{self.digits}f}"
        return text.translate(str.maketrans({",": self.thousands, ".": self.decimal}))

    def _quoted(self, text: str) -> str:
        return f'"{text}"' if self.separator in text else text


def exports(count: int, seed: int) -> list[Export]:
    """That many exports, every way of writing drawn apart from the others."""
    draw = np.random.default_rng(seed)
    made = []
    for number in range(count):
        decimal, thousands = [(".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "")][draw.integers(6)]
        interval = draw.choice(["15min", "30min", "1h", "1d"]).item()
        dates = draw.choice([*DATES, *DATES, *NUMBERED]).item()
        offset = draw.choice(["none", "none", "Z", "+hh:mm"]).item()
        apart = bool(draw.random() < 0.2) and dates in DATES and interval != "1d"
        clock = draw.choice([*CLOCKS]).item()
        keys = int(draw.integers(3))
        wide = bool(draw.random() < 0.15) and keys == 1
        made.append(
            Export(
                number,
                separator=draw.choice([",", ";", "\t", "|"]).item(),
                decimal=decimal,
                digits=int(draw.choice([0, 0, 1, 2, 3])),
                thousands=thousands,
                dates=dates,
                clock=clock,
                offset="none" if apart or clock == "half days" else offset,
                apart=apart,
                encoding=draw.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]).item(),
                wide=wide,
                unknown=draw.choice(["", "", "NaN", "-nan", "U", "null", "#N/A", "+Inf", "-"]).item(),
                keys=keys,
                interval=interval,
                days=int(draw.choice([1, 10, 20, 30])),
                scale=float(draw.choice([4.0, 400.0, 400.0, 40_000.0])),
                preamble=bool(draw.random() < 0.15),
                equal=bool(draw.random() < 0.15),
            )
        )
    return made
