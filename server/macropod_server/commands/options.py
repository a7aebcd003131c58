"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database, bundles and environments.")]
SpawnerName = Annotated[
    str | None,
    typer.Option(
        "--spawner", help="auto, docker, kubernetes or process; commands beside a server: as that one has it."
    ),
]
DatabaseUrl = Annotated[str | None, typer.Option(help="SQLAlchemy URL; SQLite in the data folder when left out.")]
