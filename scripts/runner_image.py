"""Builds the image runs are made from: collects wheels on this machine, then builds without a network."""

import sys

from images import ROOT, Image, build

RUNNER = Image(
    dockerfile="runner-image/Dockerfile",
    tag="macropod-runner:0.1.0",
    folder=ROOT / "build" / "runner-image",
    requires=(ROOT / "sdk" / "pyproject.toml",),
    contains=(ROOT / "sdk",),
    more=("uv",),
)

if __name__ == "__main__":
    sys.exit(build(RUNNER, __doc__))
