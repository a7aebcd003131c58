"""The Helm chart: valid for Kubernetes, confined, with no more rights than are used, and without a secret in it."""

import ipaddress
from collections import defaultdict
from dataclasses import fields

import kubernetes_validate
import pytest
from macropod_server.domain.profiles import read_profiles
from macropod_server.settings import Settings
from macropod_server.settings_reading import read_settings
from macropod_server.spawners.kubernetes_trials import RIGHTS

from tests.deploy.chart import MINIMAL, NAMESPACE, VALUES, helm, of_kind, pods, refusal, rendered, the, variables

KUBERNETES = "1.36"
TELL_MACHINES_ABOUT_THEMSELVES = [
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe",
]  # fmt: skip
SECRETS = {
    "MACROPOD_DATABASE_URL",
    "MACROPOD_SECRET_KEY",
    "MACROPOD_METRICS_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
}


@pytest.fixture(scope="module")
def charts():
    return {name: rendered(values) for name, values in VALUES.items()}


@pytest.fixture(params=VALUES)
def objects(charts, request):
    return charts[request.param]


@pytest.fixture
def minimal(charts):
    return charts["minimal"]


@pytest.fixture
def everything(charts):
    return charts["everything"]


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_to_complain_of(name):
    done = helm("lint", "--strict", values=VALUES[name])
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_object_is_what_kubernetes_takes(objects):
    for each in objects:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_every_object_names_its_namespace_and_none_is_of_the_whole_cluster(objects):
    assert all(each["metadata"].get("namespace") for each in objects)
    assert {each["kind"] for each in objects} <= {
        *("Deployment", "Service", "Ingress", "ServiceAccount", "Role", "RoleBinding"),
        *("NetworkPolicy", "PodDisruptionBudget", "Job"),
    }


def test_every_pod_keeps_to_the_restricted_profile_and_more(objects):
    for pod in pods(objects):
        secured = pod["securityContext"]
        assert (secured["runAsNonRoot"], secured["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        assert secured["runAsUser"] >= 10_000
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
        assert all(set(volume) == {"name", "emptyDir"} and volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"])
        assert pod["enableServiceLinks"] is False
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}


def rights_of_the_spawner():
    rules = defaultdict(set)
    for right in RIGHTS:
        resource = f"{right.kind.name}/{right.part}" if right.part else right.kind.name
        rules[right.kind.api_group, resource].add(right.verb)
    return rules


def test_the_role_has_exactly_the_verbs_the_spawner_uses_where_runs_are(minimal, everything):
    for objects, namespace in ((minimal, NAMESPACE), (everything, "runs")):
        role, binding = the(objects, "Role"), the(objects, "RoleBinding")
        rules = {
            (group, kind): set(rule["verbs"])
            for rule in role["rules"]
            for group in rule["apiGroups"]
            for kind in rule["resources"]
        }
        assert rules == rights_of_the_spawner()
        assert {each["metadata"]["namespace"] for each in (role, binding)} == {namespace}
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        account = the(objects, "ServiceAccount")["metadata"]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account["name"], "namespace": NAMESPACE}]


def test_only_the_server_has_a_token_for_the_api(objects):
    server = the(objects, "Deployment")["spec"]["template"]["spec"]
    assert [pod for pod in pods(objects) if pod["automountServiceAccountToken"]] == [server]
    assert all(each["automountServiceAccountToken"] is False for each in of_kind(objects, "ServiceAccount"))


def test_nothing_secret_is_written_down(objects):
    assert of_kind(objects, "Secret") == []
    for pod in pods(objects):
        told = variables(pod)
        assert all("secretKeyRef" in told[name] for name in SECRETS & set(told))
    server = variables(the(objects, "Deployment")["spec"]["template"]["spec"])
    assert {"MACROPOD_DATABASE_URL", "MACROPOD_SECRET_KEY"} <= set(server)


@pytest.mark.parametrize("name", sorted(SECRETS | {"UV_INDEX_URL", "OTEL_EXPORTER_OTLP_HEADERS", "MACROPOD_PORT"}))
def test_a_secret_among_the_settings_is_refused(name):
    assert "settings" in refusal(MINIMAL | {"settings": {name: "hunter2"}})


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "existingSecret"),
        (MINIMAL | {"database": {"url": "postgresql+psycopg://me:secret@host/x"}}, "url is not allowed"),
        (MINIMAL | {"storage": {"url": "file:///bundles"}}, "storage.url"),
        (MINIMAL | {"storage": {"url": "s3://bundles", "endpoint": "https://me:secret@host"}}, "storage.endpoint"),
        (MINIMAL | {"colour": "red"}, "colour is not allowed"),
        (MINIMAL | {"ingress": {"enabled": True}}, "ingress.host"),
        (MINIMAL | {"drainSeconds": 20}, "it takes 35 or more"),
    ],
)
def test_values_that_cannot_work_are_refused_by_name(values, told):
    assert told in refusal(values)


def test_runs_reach_the_server_names_and_the_outside_and_nobody_reaches_them(everything):
    spec = the(everything, "NetworkPolicy", "macropod-runs")["spec"]
    assert spec["podSelector"] == {"matchExpressions": [{"key": "macropod.run", "operator": "Exists"}]}
    assert (sorted(spec["policyTypes"]), spec["ingress"]) == (["Egress", "Ingress"], [])
    to_server, to_names, outside, more = spec["egress"]
    (server,) = to_server["to"]
    assert server["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": NAMESPACE}
    assert server["podSelector"] == the(everything, "Deployment")["spec"]["selector"]
    assert to_server["ports"] == [{"protocol": "TCP", "port": 8085}]
    assert {(each["protocol"], each["port"]) for each in to_names["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in to_names["to"]
    assert "ports" not in outside
    assert more == {"ports": [{"port": 5432, "protocol": "TCP"}]}


@pytest.mark.parametrize("address", TELL_MACHINES_ABOUT_THEMSELVES)
def test_runs_do_not_reach_what_tells_a_machine_about_itself(minimal, address):
    outside = the(minimal, "NetworkPolicy", "macropod-runs")["spec"]["egress"][2]["to"]
    allowed = [
        block["ipBlock"]["cidr"]
        for block in outside
        if ipaddress.ip_address(address) in ipaddress.ip_network(block["ipBlock"]["cidr"])
        and not any(ipaddress.ip_address(address) in ipaddress.ip_network(each) for each in block["ipBlock"]["except"])
    ]
    assert allowed == []


def test_whoever_may_call_the_server_runs_may(minimal, everything):
    (open_to_all,) = the(minimal, "NetworkPolicy", "macropod-server")["spec"]["ingress"]
    assert open_to_all == {"ports": [{"protocol": "TCP", "port": 8085}]}
    (rule,) = the(everything, "NetworkPolicy", "macropod-server")["spec"]["ingress"]
    runs, ingress = rule["from"]
    assert runs["podSelector"] == {"matchExpressions": [{"key": "macropod.run", "operator": "Exists"}]}
    assert runs["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "runs"}
    assert ingress["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "ingress"}


def test_servers_are_replaced_one_by_one_and_given_the_time_to_finish(minimal, everything):
    for objects in (minimal, everything):
        deployment = the(objects, "Deployment")["spec"]
        assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        pod = deployment["template"]["spec"]
        drain = int(variables(pod)["MACROPOD_DRAIN_SECONDS"])
        assert drain >= 5
        assert pod["terminationGracePeriodSeconds"] >= drain + 15
        (container,) = pod["containers"]
        paths = {
            name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        assert paths == {
            "startupProbe": "/health/live",
            "livenessProbe": "/health/live",
            "readinessProbe": "/health/ready",
        }
        selector = deployment["selector"]["matchLabels"]
        assert the(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == selector
        assert [each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]] == [selector] * 2


def test_the_database_is_migrated_before_servers_start_by_a_job_that_needs_nothing_of_the_release(minimal):
    job = the(minimal, "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["args"], "serviceAccountName" in pod) == (["migrate"], False)
    assert set(variables(pod)) == {"MACROPOD_DATABASE_URL", "MACROPOD_DATA_DIR"}
    assert job["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] == "migrate"


def test_runs_are_told_the_address_of_the_service_unless_another_is_named(minimal, everything):
    port = the(minimal, "Service")["spec"]["ports"][0]["port"]
    server = variables(the(minimal, "Deployment")["spec"]["template"]["spec"])
    assert server["MACROPOD_RUNNER_URL"] == f"http://macropod.{NAMESPACE}.svc:{port}"
    told = variables(the(everything, "Deployment")["spec"]["template"]["spec"])
    assert (told["MACROPOD_RUNNER_URL"], told["MACROPOD_KUBERNETES_NAMESPACE"]) == ("https://macropod.example", "runs")


def test_profiles_are_what_the_server_reads(minimal):
    told = variables(the(minimal, "Deployment")["spec"]["template"]["spec"])
    assert set(read_profiles(told["MACROPOD_PROFILES"])) == {"small", "medium"}


def test_every_variable_is_a_setting(objects):
    known = {f"MACROPOD_{each.name.upper()}" for each in fields(Settings)}
    told = {name for pod in pods(objects) for name in variables(pod) if name.startswith("MACROPOD_")}
    assert told <= known


def test_what_is_told_the_server_reads(objects):
    told = variables(the(objects, "Deployment")["spec"]["template"]["spec"])
    settings = read_settings({name: value for name, value in told.items() if isinstance(value, str)})
    chosen = (settings.spawner, settings.role, settings.host, settings.bucket.bucket)
    assert chosen == ("kubernetes", "both", "0.0.0.0", "bundles")
    assert settings.runner_url.startswith("http")
