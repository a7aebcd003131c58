"""The README's code really runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.live_server import LiveServer

ROOT = Path(__file__).parents[1]


def snippets(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def run(code, tmp_path):
    environ = os.environ | {"MACROPOD_CREDENTIALS": str(tmp_path / "credentials.json")}
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_the_code_of_the_readme_runs_and_greets(tmp_path):
    first, *further = snippets("README.md")
    assert len([line for line in first.splitlines() if line.strip()]) <= 10
    with LiveServer(tmp_path):
        done = run("\n".join([first, *further]), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "success" in done.stdout
    assert "Hello, Ada!" in done.stdout


def test_the_code_of_the_sdks_page_runs(tmp_path):
    """Its parts follow one another; the one for inside a run also works outside."""
    with LiveServer(tmp_path):
        done = run("\n".join(snippets("docs/sdk.md")), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Hello, Ada!" in done.stdout


def test_every_page_the_readme_and_the_docs_link_to_exists():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    missing = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert missing == []
