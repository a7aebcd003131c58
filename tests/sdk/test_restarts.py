"""A real server that is killed and started again while it is used: nobody who uses the SDK notices."""

import threading
from pathlib import Path

from tests.live_server import LiveServer


def test_a_restart_is_not_seen_by_callers_and_makes_nothing_twice(tmp_path: Path, hello: Path) -> None:
    with LiveServer(tmp_path) as server:
        client = server.client
        orchestration = client.upload_orchestration(hello)
        stop, made, failed = threading.Event(), list[str](), list[Exception]()

        def use() -> None:
            while not stop.is_set():
                try:
                    made.append(orchestration.run_scheduled(f"task {len(made)}", "0 2 1 1 *").id)
                    client.get_task_by_id(made[-1])
                except Exception as error:
                    failed.append(error)
                    return

        user = threading.Thread(target=use)
        user.start()
        server.terminate(seconds=15)
        server.start()
        server.kill_and_restart()
        stop.set()
        user.join()
        assert failed == []
        assert sorted(made) == sorted(task.id for task in client.list_tasks())
