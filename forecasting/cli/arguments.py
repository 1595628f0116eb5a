"""Arguments that several commands share."""

from typing import Annotated

import typer

StreamName = Annotated[str, typer.Argument(help="Name of a stream; see `forecasting streams list`.", metavar="STREAM")]
OneStream = Annotated[str | None, typer.Argument(help="Name of a stream; all when absent.", metavar="STREAM")]
Streams = Annotated[list[str] | None, typer.Argument(help="Names of streams.", metavar="STREAM")]
OriginText = Annotated[
    str,
    typer.Option(
        "--origin",
        help="First instant not known: an ISO date (local midnight) or timestamp, in the stream's time zone.",
        metavar="T",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
