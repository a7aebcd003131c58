"""The scripts that are run: alone and by Macropod they do exactly the same, so they don't use the SDK."""

from pathlib import Path

LINES = 1_000_000

HELLO = 'print("Hello, world!")\n'

COUNTING = f"""\
for number in range(1, {LINES} + 1):
    print(f"line {{number}}")
"""


def write_script(folder: Path, source: str) -> Path:
    """Its `main.py`, in a folder that holds nothing else."""
    script = folder / "script" / "main.py"
    script.parent.mkdir()
    script.write_text(source)
    return script
