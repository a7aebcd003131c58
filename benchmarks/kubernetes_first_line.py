"""A script of one `print` as a run on Kubernetes, from its Job being made to its first line, against a bare Job.

The bare Job is made of the same image and prints the same; its log is followed. Medians of 10, taken in turns.
`python -m benchmarks.kubernetes_first_line`, with KUBECONFIG in the environment, shows the table.
"""

import os
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import macropod
from macropod_server.spawners.base import SpawnerUnavailable
from macropod_server.spawners.kubernetes import NoCluster
from macropod_server.spawners.kubernetes_api import Refused
from rich.console import Console

from benchmarks.alternating import alternate
from benchmarks.figures import Figure, median
from benchmarks.kubernetes_cluster import IMAGE, Cluster, labels_of
from benchmarks.report import terminal_table
from benchmarks.scripts import HELLO, write_script
from benchmarks.server import Server, new_folder

_ROUNDS = 10


def main() -> int:
    try:
        with closing(Cluster(os.environ.get("KUBECONFIG", ""))) as cluster:
            Console(width=None if sys.stdout.isatty() else 120).print(terminal_table(measure(cluster)))
    except (NoCluster, SpawnerUnavailable, Refused, RuntimeError) as error:
        print(f"Nothing was measured. {error}", file=sys.stderr)
        return 1
    return 0


def measure(cluster: Cluster) -> list[Figure]:
    with new_folder() as folder, _server(folder, cluster) as server, server.client() as client:
        labels = labels_of(client.server().installation_id)
        orchestration = client.upload_orchestration(write_script(folder, HELLO).parent).wait()
        with cluster.moments_of_jobs(labels) as moments:
            ways = (partial(_one_run, orchestration, moments), partial(_one_bare_job, cluster))
            ours, bare = alternate(ways, rounds=_ROUNDS)
    by_hand = median([seconds for seconds, _ in bare]) * 1000
    return [
        Figure("kubernetes: Job made → first line", median([each for _, each in ours]) * 1000, "ms", by_hand),
        Figure("kubernetes: submit → first line", median([each for each, _ in ours]) * 1000, "ms", by_hand),
    ]


def _server(folder: Path, cluster: Cluster) -> Server:
    host, port = cluster.place_for_pods()
    names = ("kubernetes_image_pull_policy", "kubernetes_placement")
    told = {name: os.environ[key] for name in names if (key := f"MACROPOD_{name.upper()}") in os.environ}
    return Server(
        folder,
        spawner="kubernetes",
        host="0.0.0.0",
        port=port,
        runner_url=f"http://{host}:{port}",
        kubernetes_kubeconfig=cluster.kubeconfig,
        kubernetes_namespace=cluster.namespace,
        runner_image=IMAGE,
        **told,
    )


def _one_run(orchestration: macropod.Orchestration, moments: dict[str, float]) -> tuple[float, float]:
    """Seconds from the submission, and from when its Job was told of, to the first line in hand."""
    began = time.perf_counter()
    task = orchestration.run_once("benchmark")
    lines = task.follow()
    next(lines)
    has_line = time.perf_counter()
    for _ in lines:
        continue
    (run,) = task.last_runs()
    return has_line - began, has_line - moments[f"macropod-{run.id}"]


def _one_bare_job(cluster: Cluster) -> tuple[float, float]:
    seconds = cluster.time_to_first_line(HELLO)
    return seconds, seconds


if __name__ == "__main__":
    sys.exit(main())
