"""Where a cluster is to place a run: what is read, what is refused, and what wins."""

from typing import Any

import pytest
from macropod_server.domain.placement import NoPlacement, Placement, read_placement

TOLERATION = {"key": "spot", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 60}


def test_all_of_it_is_read() -> None:
    told = {
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [TOLERATION],
        "priorityClassName": "low",
        "runtimeClassName": "gvisor",
        "labels": {"team": "dogs"},
        "annotations": {"note": ""},
        "imagePullSecrets": ["registry"],
    }
    assert read_placement(told, "profile 'a'") == Placement(
        node_selector={"pool": "gpu"},
        tolerations=(TOLERATION,),
        priority_class_name="low",
        runtime_class_name="gvisor",
        labels={"team": "dogs"},
        annotations={"note": ""},
        image_pull_secrets=("registry",),
    )
    assert read_placement({}, "profile 'a'") == Placement()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([], "has [] as placement of profile 'a'; it takes a JSON object"),
        ({"node": "x"}, "has 'node' in the placement of profile 'a'; it takes nodeSelector, tolerations, "),
        ({"nodeSelector": "x"}, "has 'x' as nodeSelector of profile 'a'; it takes an object of texts"),
        ({"nodeSelector": {"pool": 3}}, "has {'pool': 3} as nodeSelector of profile 'a'; it takes an object of texts"),
        ({"priorityClassName": ""}, "has '' as priorityClassName of profile 'a'; it takes a text"),
        ({"imagePullSecrets": "x"}, "has 'x' as imagePullSecrets of profile 'a'; it takes a list of texts"),
        ({"labels": {"macropod.run": "x"}}, "has 'macropod.run' in labels of profile 'a'; labels that begin with "),
        ({"tolerations": [{"kee": "x"}]}, "has [{'kee': 'x'}] as tolerations of profile 'a'; it takes a list of "),
        ({"tolerations": [{"operator": "In"}]}, "has [{'operator': 'In'}] as tolerations of profile 'a'"),
        ({"tolerations": [{"effect": "Never"}]}, "has [{'effect': 'Never'}] as tolerations of profile 'a'"),
        ({"tolerations": [{"tolerationSeconds": True}]}, "has [{'tolerationSeconds': True}] as tolerations"),
    ],
)
def test_what_is_no_placement_is_refused_with_its_place(told: Any, sentence: str) -> None:
    with pytest.raises(NoPlacement) as refusal:
        read_placement(told, "profile 'a'")
    assert str(refusal.value).startswith(sentence)


def test_what_a_profile_says_goes_before_what_holds_for_all() -> None:
    general = Placement({"pool": "runs", "zone": "a"}, priority_class_name="low", image_pull_secrets=("registry",))
    own = Placement({"pool": "gpu"}, priority_class_name="high")
    assert own.over(general) == Placement(
        {"pool": "gpu", "zone": "a"}, priority_class_name="high", image_pull_secrets=("registry",)
    )
    assert Placement().over(general) == general
