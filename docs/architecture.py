"""Draws docs/architecture.svg from the imports of the code: `python docs/architecture.py`.

Every part of `forecasting/` (a package or module directly below it) and `dags/` is a box. A part stands one floor above
the highest part that it imports. An arrow is an import; those that follow from others are left out.
"""

import ast
from collections.abc import Iterator
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "forecasting"
PICTURE = ROOT / "docs" / "architecture.svg"

ROLES = {
    "cli": "commands",
    "dags": "Airflow schedules",
    "jobs": "one job a command: read, compute, write",
    "ensemble": "members into one forecast",
    "models": "members: train, predict",
    "evaluation": "scores, backtests",
    "panel": "series on a time grid",
    "uncertainty": "intervals, joint paths",
    "planning": "agents, shifts, capacity",
    "store": "lake and files",
    "contracts": "checks of tables",
    "config": "stream definitions",
    "reports": "the morning page",
    "demo": "generated feeds",
    "settings": "environment",
    "quantiles": "sorting, means",
    "numerics": "array types, formulas",
    "terms": "vocabulary",
    "errors": "and exit codes",
    "redaction": "of secrets",
}
"""What a part is for, in a word or two."""
OUTSIDE = {"duckdb", "os", "pathlib", "shutil", "subprocess", "tempfile", "airflow"}
"""Libraries that reach disk, processes or the environment: a part without them is pure."""
WIDTH, FLOOR, BOX, MARGIN, GAP = 980, 84, 44, 16, 26
"""Pixels: the picture's width, from floor to floor, a box's height, the border, the least space between boxes."""
LETTER, SMALL = 8.2, 5.9
"""Pixels that a letter takes, of a name and of the role below it."""
SWEEPS = 24
"""Passes that sort each floor by its neighbours, which unties most crossings."""
STYLE = """
svg { font-family: ui-sans-serif, system-ui, sans-serif; background: #ffffff; color: #1f2328 }
.paper { fill: #ffffff } .name { fill: #1f2328; font-size: 15px; font-weight: 600 }
.role, .legend { fill: #59636e; font-size: 11px } .arrow { stroke: #8c959f; fill: none; stroke-width: 1.3 }
.tip { fill: #8c959f } .pure { fill: #ddf4ff; stroke: #54aeff } .outside { fill: #fff1e5; stroke: #e16f24 }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 } .paper { fill: #0d1117 } .name { fill: #f0f6fc } .role, .legend { fill: #9198a1 }
.arrow { stroke: #6e7681 } .tip { fill: #6e7681 } .pure { fill: #121d2f; stroke: #1f6feb }
.outside { fill: #2d1b0e; stroke: #bd561d } }
""".strip()

Edges = dict[str, set[str]]
Floors = list[list[str]]


def part_of(path: Path) -> str:
    """The part that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py") if path.is_relative_to(PACKAGE) else "dags"


def files() -> list[Path]:
    own = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py"]
    return sorted([*own, *(ROOT / "dags").glob("*.py")])


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def read_imports() -> tuple[Edges, set[str]]:
    """What each part imports of the others, and the parts that touch the world outside."""
    edges: Edges = {part_of(path): set() for path in files()}
    touching = set()
    for path in files():
        part = part_of(path)
        for name in imported(path):
            first, *rest = name.split(".")
            if first == "forecasting" and rest and rest[0] in edges and rest[0] != part:
                edges[part].add(rest[0])
            elif first in OUTSIDE:
                touching.add(part)
    return edges, touching


def lay_floors(edges: Edges) -> Floors:
    """Parts by floor, the ground first."""

    @cache
    def floor(part: str) -> int:
        return 1 + max((floor(below) for below in edges[part]), default=-1)

    floors: Floors = [[] for _ in range(1 + max(map(floor, edges)))]
    for part in sorted(edges):
        floors[floor(part)].append(part)
    return floors


def without_shortcuts(edges: Edges) -> Edges:
    """The imports that do not follow from others (transitive reduction)."""

    @cache
    def below(part: str) -> frozenset[str]:
        return frozenset(edges[part]).union(*map(below, edges[part]))

    return {part: {to for to in own if not any(to in below(other) for other in own)} for part, own in edges.items()}


def route(floors: Floors, edges: Edges) -> list[list[str]]:
    """Each arrow as the places that it passes, from above: one that crosses floors gets a place of its own on each."""
    height = {part: number for number, floor in enumerate(floors) for part in floor}
    routes = []
    for part, own in sorted(edges.items()):
        for to in sorted(own):
            between = range(height[part] - 1, height[to], -1)
            places = [f"{part}>{to}@{number}" for number in between]
            for number, place in zip(between, places, strict=True):
                floors[number].append(place)
            routes.append([part, *places, to])
    return routes


def untie(floors: Floors, routes: list[list[str]]) -> None:
    """Sort every floor by the mean position of what its places are joined to, down and up in turns."""
    joined: dict[str, list[str]] = {place: [] for floor in floors for place in floor}
    for upper, lower in (pair for one in routes for pair in pairwise(one)):
        joined[upper].append(lower)
        joined[lower].append(upper)
    at = {place: (number + 0.5) / len(floor) for floor in floors for number, place in enumerate(floor)}
    for sweep in range(SWEEPS):
        for floor in floors if sweep % 2 else floors[::-1]:
            mean = {place: sum(at[one] for one in joined[place]) / max(len(joined[place]), 1) for place in floor}
            floor.sort(key=lambda place: (mean[place], place))
            at.update({place: (number + 0.5) / len(floor) for number, place in enumerate(floor)})


def width(place: str) -> float:
    return 0.0 if "@" in place else max(len(place) * LETTER, len(ROLES.get(place, "")) * SMALL) + 24


def centres(floors: Floors) -> dict[str, float]:
    """x of every place: floors are spread over the whole width."""
    found = {}
    for floor in floors:
        taken = sum(map(width, floor))
        space = max((WIDTH - 2 * MARGIN - taken) / (len(floor) + 1), GAP)
        x = MARGIN + space
        for place in floor:
            found[place] = x + width(place) / 2
            x += width(place) + space
    return found


def draw() -> str:
    """The picture as SVG, the same for the same imports."""
    edges, touching = read_imports()
    floors = lay_floors(edges)
    routes = route(floors, without_shortcuts(edges))
    untie(floors, routes)
    x = centres(floors)
    wide = max(WIDTH, *(x[floor[-1]] + width(floor[-1]) / 2 + MARGIN for floor in floors))
    high = MARGIN * 2 + BOX + (len(floors) - 1) * FLOOR + 26
    top = {place: MARGIN + (len(floors) - 1 - number) * FLOOR for number, floor in enumerate(floors) for place in floor}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" role="img">',
        "<title>What imports what in forecasting/, from the ground up to the command line and the DAGs</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
        f'<rect class="paper" width="{wide:.0f}" height="{high:.0f}"/>',
    ]
    for one in routes:
        path = f"M{x[one[0]]:.1f} {top[one[0]] + BOX}"
        for upper, lower in pairwise(one):
            start, end = top[upper] + BOX, top[lower]
            bend = (end - start) / 2
            path += f"C{x[upper]:.1f} {start + bend:.0f} {x[lower]:.1f} {end - bend:.0f} {x[lower]:.1f} {end}"
            if "@" in lower:
                path += f"V{end + BOX}"
        lines.append(f'<path class="arrow" d="{path}" marker-end="url(#tip)"/>')
    for part in sorted(edges):
        left, kind, role = x[part] - width(part) / 2, "outside" if part in touching else "pure", ROLES.get(part, "")
        lines += [
            f'<rect class="{kind}" x="{left:.1f}" y="{top[part]}" width="{width(part):.1f}" height="{BOX}" rx="6"/>',
            f'<text class="name" x="{x[part]:.1f}" y="{top[part] + 19}" text-anchor="middle">{escape(part)}</text>',
            f'<text class="role" x="{x[part]:.1f}" y="{top[part] + 35}" text-anchor="middle">{role}</text>',
        ]
    count = sum(map(len, edges.values()))
    legend = (
        f"{len(edges)} parts, {len(floors)} floors, {count} imports. Blue: pure. Orange: touches disk or environment."
    )
    lines += [f'<text class="legend" x="{MARGIN}" y="{high - 10:.0f}">{legend}</text>', "</svg>", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
