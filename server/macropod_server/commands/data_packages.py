"""The command `macropod-server install-data-packages`: what runs of flavor `data` have with the process spawner."""

import typer

from macropod_server.commands.options import DataDir
from macropod_server.domain.package_index import in_words_of_uv
from macropod_server.settings_reading import read_settings
from macropod_server.spawners.data_packages import install
from macropod_server.spawners.fork_client import base_python


def install_data_packages(data_dir: DataDir = None) -> None:
    """Install requests, pandas, pyarrow and numpy for runs of flavor `data`. A server may run meanwhile.

    Versions and hashes are fixed. They come from the package index that PIP_INDEX_URL or its kin name.
    """
    settings = read_settings(data_dir=data_dir)
    folder = settings.resolved_data_packages.absolute()
    variables = in_words_of_uv(settings.package_index)
    is_new = install(folder, python=base_python(), variables=variables)
    typer.echo(f"The data packages are {'now' if is_new else 'already'} in {folder.resolve()}.")
