"""Numbers as texts: which mark is the decimal one, which groups thousands, and what stands for unknown.

A text like 1,062 or 1.062 is read either way. What decides is the other numbers of the column: of two marks in one
number the last is the decimal one; digits other than three behind a mark make it decimal; three behind each of them
beside whole numbers below 1000 alone make it a mark of thousands. Where nothing decides, a person is asked: the two
readings differ a thousandfold.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from forecasting.jobs.feeds.findings import FeedQuestionError, Finding
from forecasting.jobs.feeds.formats.columns import SPACES, Column, listed, literal, quote

UNKNOWN = ("", "nan", "-nan", "+nan", "u", "null", "none", "n/a", "#n/a", "na", "inf", "+inf", "-inf")
"""Texts, in small letters, that exports write for a value that nobody knows; they are read as an empty cell is."""
_ALSO_UNKNOWN = frozenset(
    (
        *("-", "--", "---", ".", "?", "nil", "(null)", "<null>", "\\n", "#value!", "#div/0!", "#ref!", "#null!"),
        *("infinity", "-infinity", "+infinity", "unknown", "missing", "no data", "nd", "n.a.", "n/d", "undefined"),
        *("1.#qnan", "-1.#ind", "1.#inf", "nan(ind)", "-nan(ind)", "*"),
    )
)
"""Rarer ones, written into the SQL where a feed has them."""

_NUMBER = re.compile(r"[+-]?\d[\d.,\s'’]*([eE][+-]?\d+)?|[+-]?[.,]\d+([eE][+-]?\d+)?")
_GROUP_MARKS = " '’" + SPACES
_DURATION = re.compile(r"\d{1,3}:[0-5]\d:[0-5]\d")
MOSTLY = 0.5
"""Share of a column's texts that must be numbers for it to hold numbers."""
UNREADABLE = "unreadable: "
"""What begins the value of a text that is no number of the feed's format, so that the ingest rejects the row."""


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written. decimal, group: the marks, empty where the column has none.

    unknown: texts for unknown beyond `UNKNOWN`. is_whole: no mark was seen; strict: one that may be either is refused.
    """

    decimal: str = ""
    group: str = ""
    unknown: tuple[str, ...] = ()
    durations: bool = False

    @property
    def plain(self) -> bool:
        """Whether the text is a number for SQL as it stands."""
        return not self.group and self.decimal in ("", ".")

    @property
    def pattern(self) -> str:
        """Regular expression of the numbers of this format."""
        fraction = f"(\\{self.decimal}\\d+)?" if self.decimal else ""
        if not self.group:
            return rf"[+-]?\d+{fraction}([eE][+-]?\d+)?"
        return rf"[+-]?(\d+|\d{{1,3}}([{self.group}]\d{{3}})+){fraction}"

    def sql(self, column: str, *, text: bool = True) -> str:
        """The value as SQL: a number as text, NULL where it is unknown, and what no number is said to be unreadable."""
        name = quote(column)
        if not text:
            return name
        blank = ", ".join(map(literal, (*UNKNOWN, *self.unknown)))
        lines = [f"when lower(trim({name})) in ({blank}) then null"]
        if self.durations:
            lines.append(f"when {name} similar to '\\d+:[0-5]\\d:[0-5]\\d' then epoch({name}::interval)::varchar")
        elif self.plain:
            # numbers come first, for most texts are some
            whole = "" if self.decimal else f"not contains({name}, '.') and "
            lines.insert(0, f"when {whole}isfinite(try_cast({name} as double)) then {name}")
            if not self.decimal:
                # only whole numbers were seen: what may be a thousand or a fraction later is not guessed
                lines.append(f"when regexp_matches({name}, '[.,]\\d{{3}}$') then {literal(UNREADABLE)} || {name}")
            return _case(lines, f"trim({name})")
        else:
            lines.append(f"when regexp_full_match(trim({name}), {literal(self.pattern)}) then {self._converted(name)}")
        return _case(lines, f"{literal(UNREADABLE)} || {name}")

    def number(self, column: str) -> str:
        """The value as SQL of a DOUBLE, quick for the usual texts; what is no number is NULL or infinite."""
        name, guards = quote(column), []
        if self.durations:
            return f"try_cast({self.sql(column)} as double)"
        if self.group:
            guards.append(f"contains({name}, {literal(self.group)})")
        if self.decimal != ".":
            guards.append(f"contains({name}, '.')")
        number = f"try_cast({_pointed(name, self.decimal)} as double)"
        if not guards:
            return number
        otherwise = f"try_cast({self.sql(column)} as double)"
        return f"case when {' or '.join(guards)} then {otherwise} else {number} end"

    def _converted(self, name: str) -> str:
        text = f"trim({name})"
        if self.group:
            text = f"replace({text}, {literal(self.group)}, '')"
        return _pointed(text, self.decimal)


def _pointed(text: str, decimal: str) -> str:
    """SQL of a number's text with a decimal point."""
    return f"replace({text}, ',', '.')" if decimal == "," else text


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers. share: of its filled texts that are numbers or stand for unknown."""

    share: float
    format: NumberFormat
    finding: Finding | None = None


def is_unknown(text: str) -> bool:
    """Whether a text stands for an unknown value."""
    folded = text.strip().lower()
    return folded in UNKNOWN or folded in _ALSO_UNKNOWN


def number_share(texts: Mapping[str, int]) -> float:
    """Share of filled texts that look like a number in any format; 0 where all stand for unknown."""
    known = {text: count for text, count in texts.items() if not is_unknown(text)}
    total = sum(known.values())
    if not total:
        return 0.0
    return sum(count for text, count in known.items() if _looks(text)) / total


def read_numbers(column: Column, *, decimal: str | None = None, is_rate: bool = False) -> Numbers:
    """The format of a column's numbers.

    decimal: point or comma, as a person said. is_rate: by its name the column holds rates,
    which have fractions. Raises FeedQuestionError where a mark may be either.
    """
    texts = [text.strip() for text in column.texts if not is_unknown(text)]
    extra = {text.strip().lower() for text in column.texts if is_unknown(text)} - set(UNKNOWN)
    unknown = tuple(sorted(extra))
    share = number_share(column.texts)
    if not column.is_text or column.cells in ("DOUBLE", "BIGINT"):
        return Numbers(share, NumberFormat(".", unknown=unknown))
    if texts and all(map(_DURATION.fullmatch, texts)):
        form = NumberFormat(unknown=unknown, durations=True)
        return Numbers(1.0, form, Finding(column.name, "hours:minutes:seconds, read as seconds", f"such as {texts[0]}"))
    numbers = [text for text in texts if _looks(text)]
    spaced = sorted({mark for text in numbers for mark in text if mark in _GROUP_MARKS})
    if len(spaced) > 1:
        raise FeedQuestionError(
            f"column {column.name}: thousands are written in {len(spaced)} ways, as in {listed(numbers, 3)}; export "
            "them in one way"
        )
    bare = [re.sub(f"[{_GROUP_MARKS}]", "", text).lstrip("+-") for text in numbers]
    decided, why = _marks(column, bare, decimal=decimal, is_rate=is_rate)
    group = spaced[0] if spaced else decided[1]
    form = NumberFormat(decided[0], group, unknown)
    return Numbers(share, form, _finding(column.name, form, numbers, why))


def _marks(column: Column, texts: list[str], *, decimal: str | None, is_rate: bool) -> tuple[tuple[str, str], str]:
    """Decimal and group mark, and why."""
    both = [text for text in texts if "." in text and "," in text]
    if both:
        return _last_marks(column, both)
    points, commas = (any(mark in text for text in texts) for mark in ".,")
    if points and commas:
        return _separate_marks(column, texts)
    if not points and not commas:
        return ("", ""), ""
    mark = "." if points else ","
    return _one_mark(column, texts, mark, decimal=decimal, is_rate=is_rate)


def _last_marks(column: Column, both: list[str]) -> tuple[tuple[str, str], str]:
    last = {max(".,", key=text.rfind) for text in both}
    if len(last) > 1:
        first = {mark: next(text for text in both if max(".,", key=text.rfind) == mark) for mark in sorted(last)}
        raise FeedQuestionError(
            f"column {column.name}: the decimal mark differs from row to row, as in {listed([*first.values()])}; "
            "export it in one format"
        )
    (mark,) = last
    return (mark, "," if mark == "." else "."), f"as in {both[0]}"


def _separate_marks(column: Column, texts: list[str]) -> tuple[tuple[str, str], str]:
    """Both marks, in no number together: the one with other than three digits behind it is decimal."""
    loose = {mark: [text for text in texts if mark in text and not _grouped(text, mark)] for mark in ".,"}
    decimals = [mark for mark in ".," if loose[mark]]
    if len(decimals) == 1:
        return (decimals[0], "," if decimals[0] == "." else "."), f"as in {loose[decimals[0]][0]}"
    shown = [next(text for text in texts if mark in text) for mark in ".,"]
    raise FeedQuestionError(
        f"column {column.name}: {shown[0]} and {shown[1]} have different marks, so that which one is the decimal mark "
        "is not clear; export it in one format"
    )


def _one_mark(
    column: Column, texts: list[str], mark: str, *, decimal: str | None, is_rate: bool
) -> tuple[tuple[str, str], str]:
    marked = [text for text in texts if mark in text]
    whole = [text for text in texts if mark not in text]
    as_decimal, as_group = (mark, ""), ("", mark)
    many = next((text for text in marked if text.count(mark) > 1), None)
    loose = next((text for text in marked if not _grouped(text, mark)), None)
    if many and loose:
        raise FeedQuestionError(
            f"column {column.name}: {many} and {loose} are not of one format; export the numbers in one format"
        )
    if many:
        return as_group, f"as in {many}"
    if loose:
        return as_decimal, f"as in {loose}"
    if decimal is not None:
        stated = {"point": ".", "comma": ","}[decimal]
        return (as_decimal, "--decimal") if stated == mark else (as_group, "--decimal")
    long = next((text for text in whole if len(text) > 3), None)
    if long:
        return as_decimal, f"{long} has no mark, so marks are no thousands"
    if whole and not is_rate:
        return as_group, f"three digits behind every mark, and whole numbers beside: {marked[0]} and {whole[0]}"
    if is_rate and not whole:
        return as_decimal, "three digits behind every mark of a rate"
    word, fraction = ("point", marked[0]) if mark == "." else ("comma", marked[0].replace(",", "."))
    grouped = marked[0].replace(mark, ",")
    other = "comma" if word == "point" else "point"
    raise FeedQuestionError(
        f"column {column.name}: {marked[0]} may be {grouped} or {fraction}: there are three digits behind every "
        f"{word}; say --decimal {word} (it is {fraction}) or --decimal {other} (it is {grouped})"
    )


def _finding(name: str, form: NumberFormat, numbers: list[str], why: str) -> Finding | None:
    parts = []
    if form.decimal == ",":
        parts.append("decimal comma")
    if form.group:
        shown = {".": "point", ",": "comma", "'": "apostrophe", "’": "apostrophe"}.get(form.group, "space")
        example = next(text for text in numbers if form.group in text)
        plain = example.replace(form.group, "").replace(",", ".")
        parts.append(f"thousands {shown}: {example} is {plain}")
    if form.decimal == "." and why and (form.group or "three" in why or "no mark" in why or why == "--decimal"):
        parts.append("decimal point")
    if form.unknown:
        parts.append(f"unknown where it says {listed(form.unknown)}")
    option = ""
    if form.decimal == "," or form.group in (".", ","):
        as_comma = form.decimal == "," or (form.group == "." and not form.decimal)
        option = f"--decimal {'point' if as_comma else 'comma'}"
    return Finding(name, ", ".join(parts), why, option) if parts else None


def _grouped(text: str, mark: str) -> bool:
    """Whether a number may be one whose thousands are marked."""
    return re.fullmatch(rf"[1-9]\d{{0,2}}(\{mark}\d{{3}})+", text) is not None


def _looks(text: str) -> bool:
    stripped = text.strip()
    return _NUMBER.fullmatch(stripped) is not None or _DURATION.fullmatch(stripped) is not None


def _case(lines: list[str], otherwise: str) -> str:
    inner = "\n            ".join([*lines, f"else {otherwise}"])
    return f"case\n            {inner}\n        end"
