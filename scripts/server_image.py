"""Builds the image of the server and of the gate: collects wheels on this machine, then builds without a network."""

import sys

from images import ROOT, Image, build

SERVER = Image(
    dockerfile="server/Dockerfile",
    tag="macropod-server:0.1.0",
    folder=ROOT / "build" / "server-image",
    requires=(ROOT / "pyproject.toml",),
    contains=(ROOT, ROOT / "sdk", ROOT / "runner-image"),
    options=("--extra", "otel", "--no-emit-package", "macropod", "--no-emit-package", "macropod-runner"),
)

if __name__ == "__main__":
    sys.exit(build(SERVER, __doc__))
