"""An import asked for on the page survives the death of the whole server in its middle."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import httpx
import pytest

from tests.fixtures.awkward_names import AWKWARD_NAMES, make_list
from tests.http.attendee_lists import guests_once_shown, tickets_in
from tests.http.evidence import require_verified
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.http, pytest.mark.kill]

ROWS: Final = 4_000
DEMO: Final = 5
KEPT: Final = ROWS - sum(name.kept is None for name in AWKWARD_NAMES)
DONE_S: Final = 120
TOKEN: Final = r'name="csrfmiddlewaretoken" value="([^"]+)"'


@pytest.fixture
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=DEMO) as tree:
        yield tree


class Manager:
    """A manager's browser, without one."""

    def __init__(self, server: ServerTree, page: str = "") -> None:
        self._client = httpx.Client(base_url=server.url, follow_redirects=True, timeout=60)
        person = next(one for one in server.demo()["staff"] if one["role"] == "manager")
        self._post("/", "/sign-in/", username=person["username"], password=person["password"])
        self.page = page

    def close(self) -> None:
        self._client.close()

    def _post(self, seen: str, to: str, **form: object) -> httpx.Response:
        token = self.reads(TOKEN, seen)
        files = {"list": form.pop("list")} if "list" in form else None
        told = {"csrfmiddlewaretoken": token, **form}
        answer = self._client.post(to, data=told, files=files)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return answer

    def upload(self, body: bytes) -> None:
        answer = self._post(
            "/desk/import/", "/desk/import/", event="tea-expo", list=("list.csv", body)
        )
        self.page = answer.url.path

    def press(self, act: str, **form: object) -> None:
        self._post(self.page, f"{self.page}{act}/", **form)

    def reads(self, pattern: str, page: str = "") -> str:
        """Wait until a page says something; return it. A desk that starts has no pages yet."""
        deadline = time.monotonic() + DONE_S
        while not (found := re.search(pattern, self._client.get(page or self.page).text)):
            assert time.monotonic() < deadline, pattern
            time.sleep(0.1)
        return found[1]


def test_an_import_goes_on_where_it_was_after_kill_9_of_all_processes(server: ServerTree) -> None:
    path = server.data.parent / "list.csv"
    make_list(path, ROWS)
    with closing(Manager(server)) as manager:
        manager.upload(path.read_bytes())
        columns = ["reference", "name", "company", "email", "phone", "", "id_card", ""]
        product = manager.reads(r'<select id="product"[\s\S]*?<option value="(\d+)"')
        manager.press("check", column=columns, header="1", product=product)
        assert manager.reads(r"data-created>(\d+)<") == str(KEPT)
        before = tickets_in(server.data)
        manager.press("run")
        while (halfway := tickets_in(server.data) - before) < 600:
            time.sleep(0.01)
    server.kill()
    assert halfway < KEPT, "the import was over before the server could be killed"
    server.start()
    with closing(Manager(server, manager.page)) as again:
        assert again.reads(r'class="rejects"[\s\S]*?(row-\d+)')
        assert again.reads(r"data-created>(\d+)<") == str(KEPT)
    assert len(guests_once_shown(server, before + KEPT)) == before + KEPT
    assert not list((server.data / "files" / "imports").iterdir())
    assert server.stop() == 0
    require_verified(server.data)
