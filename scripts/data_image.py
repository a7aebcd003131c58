"""Builds the image of runs of flavor `data` from the runner image, which has to be there."""

import sys

from images import ROOT, Image, build

SPAWNERS = ROOT / "server" / "macropod_server" / "spawners"

DATA = Image(
    dockerfile="runner-image/data.Dockerfile",
    tag="macropod-runner:data",
    folder=ROOT / "build" / "data-image",
    requires=(SPAWNERS / "data_packages.in",),
    contains=(),
    constraints=SPAWNERS / "data_packages.txt",
    base_image="macropod-runner:0.1.0",
)

if __name__ == "__main__":
    sys.exit(build(DATA, __doc__))
