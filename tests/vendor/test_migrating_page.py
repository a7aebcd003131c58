"""The script of the page for those who come from Wallaroo runs, with only its address changed."""

from tests.builders import a_zip
from tests.test_readme import snippets
from tests.vendor.conftest import PASSWORD

ADDRESS = "http://127.0.0.1:8085"
MAIN = "import wallaroo_free, json\nprint('houses:', json.load(open('arguments.json'))['houses'])\n"


def test_the_script_of_the_page_runs(vendor):
    (script,) = snippets("docs/migrating-from-wallaroo.md")
    assert script.count(ADDRESS) == 1
    vendor.keep("predict.zip", a_zip({"main.py": MAIN, "wallaroo_free.py": "", "requirements.txt": ""}))
    path = vendor.keep("notebook.py", script.replace(ADDRESS, vendor.server.url).encode())
    client = vendor.start(path, WALLAROO_USER="ada@example.org", WALLAROO_PASSWORD=PASSWORD)
    told, complaints = client.communicate(timeout=240)
    assert client.returncode == 0, complaints
    assert " stdout F houses: 3\n" in told
    assert "predict nightly started" in told
    assert told.endswith("['predict nightly']\n")
