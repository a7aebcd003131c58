"""The command line `macropod`: noun, then verb. Each command parses, makes one call of the SDK and prints."""

from macropod.cli.app import main

__all__ = ["main"]
