"""What a cluster is asked for by `macropod-server check`: each right by itself, as the cluster's own review answers."""

from functools import partial

from macropod_server.spawners.base import ContainerStuck, Trial
from macropod_server.spawners.kubernetes_api import EVENTS, JOBS, PODS, SECRETS, KubernetesApi, Right, api_errors
from macropod_server.spawners.trials import tried

RIGHTS = (
    *(Right(JOBS, verb) for verb in ("create", "get", "list", "watch", "delete")),
    *(Right(PODS, verb) for verb in ("list", "watch", "delete")),
    Right(PODS, "get", "log"),
    *(Right(SECRETS, verb) for verb in ("create", "delete")),
    Right(EVENTS, "list"),
)
"""All that the spawner does there; `docs/spawners.md` says what for, and the Role of the chart gives just these."""


def kubernetes_trials(api: KubernetesApi) -> list[Trial]:
    answers = tried(f"the Kubernetes API answers for the namespace {api.namespace}", lambda: _may(api, RIGHTS[0]))
    if answers.trouble:
        return [answers]
    return [answers, *(tried(f"the right to {right}", partial(_need, api, right)) for right in RIGHTS)]


def _need(api: KubernetesApi, right: Right) -> None:
    if not _may(api, right):
        raise ContainerStuck(
            f"The server may not {right} in the namespace {api.namespace}. Give its service account a Role with that "
            "verb; docs/spawners.md lists all it takes."
        )


def _may(api: KubernetesApi, right: Right) -> bool:
    with api_errors(is_of_one=False):
        return api.may(right)
