"""Who may be given the same answer."""

from types import SimpleNamespace
from typing import Any, cast

from graphql_api.live.sharing import Dependence, may_read
from graphql_api.rows import JobRow
from graphql_api.viewers import Viewer


def viewer(name: str, *, is_admin: bool = False) -> Viewer:
    """Return somebody who has signed in."""
    return Viewer(address=name.encode(), shown=name, is_admin=is_admin)


def job(renter: str, provider: str) -> JobRow:
    """Return as much of a job as says who may read it."""
    return cast("JobRow", SimpleNamespace(renter=renter, provider=provider))


JOB = job("anna", "p")
EVERYBODY = [viewer("anna"), viewer("p"), viewer("boss", is_admin=True), viewer("ben"), None]


def fitting(dependence: Dependence) -> list[Any]:
    """Return the names of those who would have been answered the same."""
    return [None if each is None else each.shown for each in EVERYBODY if dependence.fits(each)]


def test_an_answer_that_asked_nothing_is_everybodys() -> None:
    """Nothing in it depends on who asks."""
    assert fitting(Dependence(viewer=viewer("anna"))) == ["anna", "p", "boss", "ben", None]


def test_an_answer_with_what_is_confidential_is_for_its_readers_only() -> None:
    """And the one without it for all others."""
    read = Dependence(viewer=viewer("anna"), may_read=[(JOB, True)])
    hidden = Dependence(viewer=None, may_read=[(JOB, False)])

    assert (fitting(read), fitting(hidden)) == (["anna", "p", "boss"], ["ben", None])


def test_of_several_jobs_each_counts() -> None:
    """Who may read one and not the other shares with nobody who may read both."""
    dependence = Dependence(viewer=viewer("p"), may_read=[(JOB, True), (job("ben", "q"), False)])

    assert fitting(dependence) == ["anna", "p"]


def test_an_answer_that_asked_who_it_is_for_is_for_nobody_else() -> None:
    """What it did with that nobody knows."""
    assert fitting(Dependence(viewer=viewer("anna"), on_identity=True)) == ["anna"]
    assert fitting(Dependence(viewer=None, on_identity=True)) == [None]


def test_only_somebody_may_read_what_is_confidential() -> None:
    """Never somebody who has not signed in."""
    assert [may_read(each, JOB) for each in EVERYBODY] == [True, True, True, False, False]
