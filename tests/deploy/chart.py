"""The chart, rendered by helm as an installation would have it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

CHART = Path(__file__).parents[2] / "deploy" / "kubernetes"
NAMESPACE = "tools"

Object = dict[str, Any]

MINIMAL: Object = {
    "database": {"existingSecret": "macropod-database"},
    "secretKey": {"existingSecret": "macropod-secret-key"},
    "storage": {"url": "s3://bundles/one", "existingSecret": "macropod-storage"},
}

VALUES: dict[str, Object] = {
    "minimal": MINIMAL,
    "everything": MINIMAL
    | {
        "image": {"repository": "registry.example/macropod-server", "tag": "7", "pullSecrets": ["pull"]},
        "replicas": 3,
        "runs": {
            "namespace": "runs",
            "url": "https://macropod.example",
            "placement": {"nodeSelector": {"pool": "runs"}, "imagePullSecrets": ["pull"]},
            "profiles": {"gpu": {"gpus": 1, "memory": "16GiB", "kubernetes": {"nodeSelector": {"gpu": "yes"}}}},
        },
        "settings": {"MACROPOD_KEEP_RUNS_DAYS": "30"},
        "settingsFrom": [{"name": "MACROPOD_METRICS_TOKEN", "secret": "macropod-metrics", "key": "token"}],
        "drainSeconds": 20,
        "terminationGracePeriodSeconds": 60,
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "host": "macropod.example",
            "annotations": {"nginx.ingress.kubernetes.io/proxy-buffering": "off"},
            "tlsSecret": "macropod-tls",
        },
        "networkPolicy": {
            "serverFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
            "dnsAddresses": ["169.254.20.10/32"],
            "runsEgress": [{"ports": [{"port": 5432, "protocol": "TCP"}]}],
        },
        "service": {"type": "LoadBalancer", "port": 80, "annotations": {"a": "b"}},
        "podAnnotations": {"prometheus.io/scrape": "true"},
        "podLabels": {"team": "data"},
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"key": "system", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "high",
    },
    "rights by the cloud": MINIMAL
    | {
        "image": {"digest": "sha256:" + "a" * 64},
        "storage": {"url": "s3://bundles", "region": "eu-central-1"},
        "serviceAccount": {
            "name": "macropod-cloud",
            "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"},
        },
    },
    "one and bare": MINIMAL
    | {
        "replicas": 1,
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "serviceAccount": {"create": False, "name": "made-elsewhere"},
        "rbac": {"create": False},
        "migrate": {"enabled": False},
        "topologySpreadConstraints": [],
        "runs": {"profiles": {"small": None, "medium": None}},
    },
}


def helm(*words: str, values: Object) -> subprocess.CompletedProcess[str]:
    """The one that is installed with the tests, else that of the machine. It asks no cluster and no network."""
    program = shutil.which("helm", path=str(Path(sys.executable).parent)) or shutil.which("helm")
    if program is None:
        message = "There is no helm for this machine."
        if os.environ.get("MACROPOD_TEST_REQUIRE_HELM") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "values.yaml"
        file.write_text(yaml.safe_dump(values))
        environ = {"HOME": folder, "PATH": "/usr/bin:/bin"}
        command = [program, *words, str(CHART), "--values", str(file)]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)


def refusal(values: Object) -> str:
    done = helm("template", "macropod", values=values)
    assert done.returncode != 0, done.stdout
    return done.stderr


def rendered(values: Object) -> list[Object]:
    done = helm("template", "macropod", "--namespace", NAMESPACE, values=values)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [each for each in objects if each["kind"] == kind]


def the(objects: list[Object], kind: str, name: str | None = None) -> Object:
    (found,) = [each for each in of_kind(objects, kind) if name in (None, each["metadata"]["name"])]
    return found


def pods(objects: list[Object]) -> list[Object]:
    """The specs of all pods that are made."""
    return [each["spec"]["template"]["spec"] for each in objects if "template" in each.get("spec", {})]


def variables(pod: Object) -> dict[str, Any]:
    """Values as texts, references as they are."""
    (container,) = pod["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
