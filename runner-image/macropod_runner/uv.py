"""How uv is called: its commands, and the settings of pip in its words."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from macropod_runner.place import Place

_SAME_VALUE = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CERT": "SSL_CERT_FILE",
}
_YES = frozenset({"1", "true", "yes", "on", "y", "t"})


class Uv:
    """Commands for the Python at `python`, with nothing but these settings."""

    def __init__(self, place: Place, python: Path, *, settings: Mapping[str, str]) -> None:
        self._uv = str(place.uv)
        self._python = str(python)
        self._environment = place.environment
        self._no_index = ("--no-index",) if settings.get("PIP_NO_INDEX", "").lower() in _YES else ()
        self.variables = {
            **place.basic_variables(),
            "NO_COLOR": "1",
            "UV_CACHE_DIR": str(place.cache),
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            **({} if "UV_CONFIG_FILE" in settings else {"UV_NO_CONFIG": "1"}),
            **in_words_of_uv(settings),
        }

    def lock(self, requirements: Path) -> Sequence[str]:
        """Prints the lock on stdout."""
        wanted = ("--generate-hashes", "--no-header", "--no-annotate", "--python", self._python)
        return (self._uv, "pip", "compile", str(requirements), *wanted, *self._no_index)

    def make_environment(self) -> Sequence[str]:
        return (self._uv, "venv", str(self._environment), "--python", self._python, "--no-project", "--quiet")

    def install(self, *files: Path) -> Sequence[str]:
        exactly = ("--require-hashes", "--no-deps", "--link-mode", "copy", "--compile-bytecode")
        python = str(self._environment / "bin" / "python")
        listed = (option for file in files for option in ("-r", str(file)))
        return (self._uv, "pip", "install", "--python", python, *exactly, *self._no_index, *listed)


def in_words_of_uv(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings with those of pip added under uv's names; what is given under uv's own names wins."""
    translated = {name: settings[pip] for pip, name in _SAME_VALUE.items() if settings.get(pip)}
    if settings.get("PIP_FIND_LINKS"):
        translated["UV_FIND_LINKS"] = ",".join(settings["PIP_FIND_LINKS"].split())
    return {**translated, **settings}
