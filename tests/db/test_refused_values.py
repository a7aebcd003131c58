"""A value no column holds is the fault of who sent it, and changes nothing."""

import pytest
from macropod_server.db import tasks
from macropod_server.domain.errors import Invalid, NotFound


def test_a_text_that_the_database_cannot_hold_is_invalid_or_not_there(deps):
    with pytest.raises((Invalid, NotFound)) as refused, deps.database.read() as session:
        tasks.get(session, "a\0b")
    assert isinstance(refused.value, NotFound if deps.database.is_sqlite else Invalid)


def test_the_names_of_tasks_are_told_by_their_ids(deps):
    with deps.database.read() as session:
        assert tasks.names(session, []) == {}
        assert tasks.names(session, {"nobody"}) == {}
