"""What a run may use: values of the task before its profile before the default; what cannot be given is refused."""

from typing import Any

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.domain.placement import Placement
from macropod_server.domain.profiles import NoProfiles, Profile, read_profiles
from macropod_server.domain.resources import Capacity, Limits, Resources, check_wanted, limits_of, profile_named

GIB = 1024**3
DEFAULTS = Limits(memory_bytes=4 * GIB, cpus=2.0, pids=512)
DOCKER = Capacity(cpus=2.0, memory_bytes=8 * GIB, pids=2**22, gpus=0)
PROCESS = Capacity(cpus=0, memory_bytes=8 * GIB, pids=0, gpus=0)


@pytest.mark.parametrize(
    ("task", "profile", "limits"),
    [
        ({}, None, DEFAULTS),
        ({"cpus": 0.5}, None, Limits(4 * GIB, 0.5, 512)),
        ({}, {"cpus": 1.0, "gpus": 2}, Limits(4 * GIB, 1.0, 512, 2)),
        ({"cpus": 0.5}, {"cpus": 1.0, "memory_bytes": GIB}, Limits(GIB, 0.5, 512)),
        ({"gpus": 0}, {"gpus": 2}, Limits(4 * GIB, 2.0, 512, 0)),
    ],
)
def test_the_task_comes_before_its_profile_and_that_before_the_default(
    task: dict[str, Any], profile: dict[str, Any] | None, limits: Limits
) -> None:
    chosen = None if profile is None else Resources(**profile)
    assert limits_of(Resources(**task), profile=chosen, defaults=DEFAULTS) == limits


def test_who_asks_for_nothing_gets_what_goes_without_saying() -> None:
    assert limits_of(None, profile=None, defaults=DEFAULTS) == DEFAULTS


@pytest.mark.parametrize(
    ("asked", "capacity", "spawner", "sentence"),
    [
        ({"cpus": 64.0}, DOCKER, "docker", "The task asks for 64 CPUs; the docker spawner has 2 CPUs."),
        (
            {"memory_bytes": 64 * GIB},
            DOCKER,
            "docker",
            "The task asks for 64 GiB of memory; the docker spawner has 8 GiB of memory.",
        ),
        ({"gpus": 1}, DOCKER, "docker", "The task asks for 1 GPU; the docker spawner has none."),
        (
            {"gpus": 3},
            Capacity(2, GIB, 1, gpus=2),
            "docker",
            "The task asks for 3 GPUs; the docker spawner has 2 GPUs.",
        ),
        (
            {"cpus": 0.5},
            PROCESS,
            "process",
            "The task asks for 0.5 CPUs; the process spawner cannot hold a run to a number of CPUs. Leave cpus out.",
        ),
        (
            {"pids": 1},
            PROCESS,
            "process",
            "The task asks for 1 process; the process spawner cannot hold a run to a number of processes. "
            "Leave pids out.",
        ),
    ],
)
def test_what_no_container_here_can_be_given_is_refused(
    asked: dict[str, Any], capacity: Capacity, spawner: str, sentence: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check_wanted(Resources(**asked), capacity, profile=None, spawner=spawner)
    assert refusal.value.message == sentence
    assert [each.where for each in refusal.value.problems] == [*asked]


@pytest.mark.parametrize(
    ("asked", "capacity"),
    [
        ({"cpus": 2.0, "memory_bytes": 8 * GIB, "pids": 10_000, "gpus": 0}, DOCKER),
        ({"memory_bytes": GIB}, PROCESS),
        ({"gpus": 7}, Capacity(2, GIB, 1, gpus=None)),
    ],
)
def test_what_there_is_may_be_asked_for(asked: dict[str, Any], capacity: Capacity) -> None:
    check_wanted(Resources(**asked), capacity, profile=None, spawner="docker")


def test_every_wish_that_cannot_be_had_is_told_also_that_of_a_profile() -> None:
    with pytest.raises(Invalid) as refusal:
        check_wanted(Resources(gpus=1), DOCKER, profile=Resources(cpus=3.0), spawner="docker")
    assert [each.where for each in refusal.value.problems] == ["cpus", "gpus"]


def test_a_profile_is_found_by_its_name() -> None:
    small = Resources(cpus=1.0)
    assert profile_named("small", {"small": small}) == small
    assert profile_named(None, {"small": small}) is None


@pytest.mark.parametrize(
    ("profiles", "sentence"),
    [
        ({}, "There is no profile 'huge'; this server has none. MACROPOD_PROFILES names them."),
        (
            {"small": Resources(), "big": Resources()},
            "There is no profile 'huge'; this server has big, small. MACROPOD_PROFILES names them.",
        ),
    ],
)
def test_a_profile_nobody_made_is_refused(profiles: dict[str, Resources], sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        profile_named("huge", profiles)
    assert refusal.value.message == sentence


@pytest.mark.parametrize(
    ("text", "profiles"),
    [
        ("{}", {}),
        ('{"a": {}}', {"a": Profile()}),
        (
            '{"small": {"cpus": 0.5, "memory": "512MiB", "pids": 64, "gpus": 0}}',
            {"small": Profile(0.5, 512 * 1024**2, 64, 0)},
        ),
        ('{"a": {"memory": 16777216}}', {"a": Profile(memory_bytes=16 * 1024**2)}),
        ('{"a": {"memory": "1.5 GiB"}}', {"a": Profile(memory_bytes=3 * GIB // 2)}),
        ('{"a": {"memory": "2GB"}}', {"a": Profile(memory_bytes=2 * 10**9)}),
        (
            '{"spot": {"kubernetes": {"nodeSelector": {"pool": "spot"}}}}',
            {"spot": Profile(kubernetes=Placement({"pool": "spot"}))},
        ),
    ],
)
def test_profiles_are_read(text: str, profiles: dict[str, Profile]) -> None:
    assert read_profiles(text) == profiles


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("small", "is no JSON: "),
        ("[]", "takes a JSON object, such as "),
        ('{"a": 1}', "has the profile 'a'; a profile has a name and is a JSON object"),
        ('{"": {}}', "has the profile ''; "),
        ('{"a": {"cpu": 1}}', "has 'cpu' in profile 'a'; a profile takes cpus, memory, pids, gpus, kubernetes"),
        ('{"a": {"cpus": 0}}', "has 0 as cpus of profile 'a'; it takes a number above 0"),
        ('{"a": {"cpus": NaN}}', "has nan as cpus of profile 'a'"),
        ('{"a": {"cpus": true}}', "has True as cpus of profile 'a'"),
        ('{"a": {"memory": "lots"}}', "has 'lots' as memory of profile 'a'; it takes bytes or a text such as '2GiB'"),
        ('{"a": {"memory": "1MiB"}}', "has '1MiB' as memory of profile 'a'"),
        ('{"a": {"memory": 9223372036854775808}}', "has 9223372036854775808 as memory"),
        ('{"a": {"pids": 0}}', "has 0 as pids of profile 'a'; it takes a whole number, 1 or more"),
        ('{"a": {"gpus": -1}}', "has -1 as gpus of profile 'a'; it takes a whole number, 0 or more"),
        ('{"a": {"kubernetes": 3}}', "has 3 as placement of profile 'a'; it takes a JSON object"),
        ('{"a": {"gpus": 1.5}}', "has 1.5 as gpus of profile 'a'"),
    ],
)
def test_what_is_no_profile_is_refused_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(NoProfiles) as refusal:
        read_profiles(text)
    assert str(refusal.value).startswith(sentence)
