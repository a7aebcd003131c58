"""The service that makes the bucket, with its own words and variables, on the tests' store: it may come twice."""

import subprocess
import sys
from pathlib import Path

import yaml

from chaos.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore
from tests.install.composed import ROOT


def test_the_bucket_is_made_once_and_found_again(running_object_store: ObjectStore) -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["bucket"]
    environ = service["environment"] | {
        "RCLONE_CONFIG_STORE_ENDPOINT": running_object_store.endpoint,
        "RCLONE_CONFIG_STORE_ACCESS_KEY_ID": ACCESS_KEY,
        "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": SECRET_KEY,
    }
    rclone = Path(sys.executable).with_name("rclone")
    for _ in range(2):
        done = subprocess.run([rclone, *service["command"]], env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert (running_object_store.folder / "macropod").is_dir()
