"""How our images are built: wheels are collected on this machine, then the build needs no network."""

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import BuildError, DockerException
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parent.parent
BASE_IMAGE = "python:3.12-slim"
_GLIBC_TAGS = ("2_17", "2_28", "2_31")


@dataclass(frozen=True)
class Image:
    """`requires` are files that uv resolves; `contains` are our own distributions, built as wheels from here."""

    dockerfile: str
    tag: str
    folder: Path
    requires: tuple[Path, ...]
    contains: tuple[Path, ...]
    more: tuple[str, ...] = ()
    """Distributions beside what is required."""
    options: tuple[str, ...] = ()
    """Of uv, for the resolution."""
    constraints: Path = ROOT / "constraints.txt"
    """The versions that count."""
    base_image: str = BASE_IMAGE


@dataclass(frozen=True)
class Target:
    """What the wheels are for: the Python of the base image and its machine."""

    python: str
    machine: str

    @property
    def platforms(self) -> list[str]:
        return [f"manylinux_{version}_{self.machine}" for version in _GLIBC_TAGS] + [f"manylinux2014_{self.machine}"]


def build(image: Image, description: str | None) -> int:
    """Reads the command line. Answers the exit code."""
    arguments = _parser(image, description).parse_args()
    try:
        client = docker.from_env()
        _collect_wheels(image, _target(client, arguments.base_image))
        _build(client, image, base_image=arguments.base_image, tag=arguments.tag)
    except BuildError as error:
        print(*(line.get("stream", "").rstrip() for line in error.build_log), error, sep="\n", file=sys.stderr)
        return 1
    except DockerException as error:
        print(f"The Docker Engine could not do it: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"This command failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    print(f"Built {arguments.tag} from {arguments.base_image}.")
    return 0


def _parser(image: Image, description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--base-image", default=image.base_image, help="a Debian-like image with python3 (%(default)s)")
    parser.add_argument("--tag", default=image.tag, help="the name of the image (%(default)s)")
    return parser


def _target(client: docker.DockerClient, base_image: str) -> Target:
    program = "import platform; print('%s.%s' % platform.python_version_tuple()[:2], platform.machine())"
    ask = {"entrypoint": ["python3"], "remove": True, "network_mode": "none"}
    output = client.containers.run(base_image, ["-c", program], **ask)
    python, machine = output.decode().split()
    return Target(python, machine)


def _collect_wheels(image: Image, target: Target) -> None:
    shutil.rmtree(image.folder, ignore_errors=True)
    wheels = image.folder / "wheels"
    wheels.mkdir(parents=True)
    requirements = image.folder / "requirements.txt"
    _lock(image, requirements, target)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    only_wheels = ["--only-binary=:all:", "--python-version", target.python, "--implementation", "cp"]
    platforms = [option for platform in target.platforms for option in ("--platform", platform)]
    locked = ["--no-deps", "--require-hashes", "-r", requirements]
    _run(*pip, "download", *only_wheels, *platforms, *locked, "-d", wheels)
    if image.contains:
        _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, *image.contains)


def _lock(image: Image, requirements: Path, target: Target) -> None:
    """What the image needs on the target, at the versions of its constraints, with their hashes."""
    wanted = image.folder / "wanted.in"
    wanted.write_text("\n".join(image.more))
    _run(
        *(find_uv_bin(), "pip", "compile", "--quiet", "--generate-hashes", "--no-annotate", "--no-header"),
        *("--python-version", target.python, "--python-platform", f"{target.machine}-manylinux_2_28"),
        *("--constraint", image.constraints, "--output-file", requirements),
        *(*image.options, *image.requires, wanted),
    )


def _build(client: docker.DockerClient, image: Image, *, base_image: str, tag: str) -> None:
    client.images.build(
        path=str(ROOT),
        dockerfile=image.dockerfile,
        tag=tag,
        buildargs={"BASE_IMAGE": base_image},
        network_mode="none",
        rm=True,
        forcerm=True,
    )


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)
