"""Zips go to the server and come back the same."""

import hashlib
import io
import random
from pathlib import Path

import macropod
import pytest

from tests.builders import a_zip
from tests.sdk_server import PlayedServer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_zip_file_a_folder_bytes_and_an_open_file_can_be_uploaded(
    client: macropod.Client, hello: Path, tmp_path: Path
) -> None:
    path = tmp_path / "hello.zip"
    path.write_bytes(a_zip())
    from_file = client.upload_orchestration(path)
    from_text = client.upload_orchestration(str(path), name="named", file_name="other.zip")
    from_bytes = client.upload_orchestration(bytes_buffer=path.read_bytes(), name="bytes")
    buffer = io.BytesIO(path.read_bytes())
    buffer.seek(0, io.SEEK_END)
    from_buffer = client.upload_orchestration(bytes_buffer=buffer, name="buffer", file_name="buffer.zip")
    from_folder = client.upload_orchestration(hello)
    made = [from_file, from_text, from_bytes, from_buffer, from_folder]
    assert [each.name for each in made] == [None, "named", "bytes", "buffer", None]
    assert [each.file_name for each in made] == ["hello.zip", "other.zip", None, "buffer.zip", "hello.zip"]
    assert {each.sha for each in made[:4]} == {hashlib.sha256(path.read_bytes()).hexdigest()}


def test_all_problems_of_a_zip_are_told_at_once(client: macropod.Client) -> None:
    with pytest.raises(macropod.Invalid) as refused:
        client.upload_orchestration(bytes_buffer=a_zip({"../x": "", "/y": ""}), name="hostile")
    assert {each.where for each in refused.value.problems} >= {"../x", "/y"}
    assert client.list_orchestrations() == []


def test_a_zip_over_the_limit_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with PlayedServer(tmp_path, upload_max_bytes=100) as server:
        calls = []
        server.http.event_hooks["request"].append(calls.append)
        with pytest.raises(macropod.TooLarge, match="at most 100"):
            server.connect().upload_orchestration(bytes_buffer=a_zip(), name="big")
        assert [each.url.path for each in calls] == ["/v1/info"]


def test_an_upload_may_name_its_flavor(client: macropod.Client) -> None:
    made = client.upload_orchestration(bytes_buffer=a_zip(), name="x", flavor="data")
    assert (made.flavor, made.to_dict()["flavor"]) == ("data", "data")
    assert client.upload_orchestration(bytes_buffer=a_zip(), name="x").flavor == "plain"
    with pytest.raises(macropod.Invalid, match="it takes plain, data"):
        client.upload_orchestration(bytes_buffer=a_zip(), name="x", flavor="gpu")  # type: ignore[arg-type]


def test_a_download_is_the_bytes_that_were_uploaded(client: macropod.Client, tmp_path: Path) -> None:
    content = a_zip()
    orchestration = client.upload_orchestration(bytes_buffer=content, name="x", file_name="my hello.zip")
    assert orchestration.download(tmp_path) == tmp_path / "my hello.zip"
    assert orchestration.download(tmp_path / "file") == tmp_path / "file"
    assert (tmp_path / "file").read_bytes() == (tmp_path / "my hello.zip").read_bytes() == content
    assert not list(tmp_path.glob(".macropod*"))
    with pytest.raises(macropod.Invalid, match=r"my hello\.zip is there already"):
        orchestration.download(tmp_path)
    assert orchestration.download(tmp_path, overwrite=True) == tmp_path / "my hello.zip"


@pytest.mark.parametrize("file_name", ["../../evil.zip", "/etc/evil.zip", "..\\evil.zip", "...evil.zip"])
def test_a_downloaded_file_stays_in_the_folder_whatever_it_is_called(
    client: macropod.Client, tmp_path: Path, file_name: str
) -> None:
    orchestration = client.upload_orchestration(bytes_buffer=a_zip(), name="x", file_name=file_name)
    assert orchestration.download(tmp_path) == tmp_path / "evil.zip"


def test_an_orchestration_is_deleted_unless_a_task_uses_it(client: macropod.Client, hello: Path) -> None:
    free, used = client.upload_orchestration(hello), client.upload_orchestration(hello)
    used.run_once("hello")
    free.delete()
    with pytest.raises(macropod.NotFound):
        free.status()
    with pytest.raises(macropod.Conflict):
        used.delete()


def test_a_big_upload_shows_a_bar_to_who_is_watching(client: macropod.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    big = a_zip({"main.py": "", "noise": random.Random(1).randbytes(5_100_000)})
    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    client.upload_orchestration(bytes_buffer=a_zip(), name="small")
    assert seen.getvalue() == ""
    client.upload_orchestration(bytes_buffer=big, name="[b]big")
    assert "Uploading [b]big" in seen.getvalue()
    assert "5.1/5.1 MB" in seen.getvalue()


def test_a_spinner_shows_the_status_to_who_is_watching(
    server: PlayedServer, client: macropod.Client, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hello / "requirements.txt").write_text("six==1.16.0\n")
    orchestration = client.upload_orchestration(hello, name="[b]hello")
    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    with pytest.raises(macropod.WaitTimeout, match=r"was not ready within 0\.2 seconds"):
        orchestration.wait(timeout=0.2)
    assert f"[b]hello ({orchestration.id}): pending_packaging" in seen.getvalue()
