"""Which kind of spawner a server takes by itself, by what is there already."""

import pytest
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.spawner_choice import Tied, choose, left_alone

NO_ENGINE = "No Docker Engine answers."
DOCKER, PROCESS, OTHER = Tied("docker", 2, 1), Tied("process", 0, 3), Tied("elsewhere", 1, 0)


@pytest.mark.parametrize(
    ("tied", "lacks", "spawner", "why"),
    [
        ([], None, "docker", "answers"),
        ([], NO_ENGINE, "process", NO_ENGINE),
        ([DOCKER], None, "docker", "2 runs and 1 environment of the spawner docker"),
        ([PROCESS], NO_ENGINE, "process", "3 environments of the spawner process"),
        ([PROCESS], None, "process", "MACROPOD_SPAWNER=docker changes to Docker"),
        ([DOCKER, PROCESS], None, "docker", "docker"),
    ],
)
def test_an_installation_keeps_the_kind_of_spawner_it_has(tied, lacks, spawner, why):
    choice = choose(tied, docker_lacks=lacks)
    assert choice.spawner == spawner
    assert why in choice.why


@pytest.mark.parametrize(
    ("tied", "sentence"),
    [
        (
            [DOCKER],
            "has 2 runs and 1 environment of the spawner docker, and they cannot be reached now: No Docker Engine",
        ),
        ([DOCKER, PROCESS], "MACROPOD_SPAWNER=process"),
        ([OTHER], "has 1 run of the spawner elsewhere. Set MACROPOD_SPAWNER"),
    ],
)
def test_a_kind_that_cannot_be_had_now_is_not_replaced_by_another(tied, sentence):
    with pytest.raises(Unavailable, match=sentence):
        choose(tied, docker_lacks=NO_ENGINE)


def test_what_belongs_to_other_kinds_is_told():
    assert left_alone([DOCKER], spawner="docker") is None
    assert left_alone([], spawner="docker") is None
    told = left_alone([DOCKER, PROCESS], spawner="process")
    assert told is not None
    assert "2 runs and 1 environment of the spawner docker are left as they are" in told
