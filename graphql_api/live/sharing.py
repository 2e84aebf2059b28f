"""
Decide who may be given the same answer.

An answer depends on who asks only by what was asked about them while it was worked out. So that is written down, and
whoever would have been answered the same gets the same text; nobody has to know which fields are confidential.
"""

from dataclasses import dataclass, field

from graphql_api.reading import Reading
from graphql_api.rows import JobRow
from graphql_api.viewers import Viewer


@dataclass(slots=True, kw_only=True)
class Dependence:
    """What an answer asked about its viewer: which jobs they may read, and perhaps who they are."""

    viewer: Viewer | None
    may_read: list[tuple[JobRow, bool]] = field(default_factory=list)
    on_identity: bool = False

    def fits(self, viewer: Viewer | None) -> bool:
        """Say whether somebody else would have been answered the same."""
        if self.on_identity and viewer != self.viewer:
            return False
        return all(may_read(viewer, job) == answer for job, answer in self.may_read)


class SharedReading(Reading):
    """A reading for one of several answers from one snapshot, that notes what depends on its viewer."""

    def __init__(self, together: Reading, viewer: Viewer | None) -> None:
        super().__init__(together.world)
        self.snapshot = together.snapshot
        self._loaders = together._loaders
        self.dependence = Dependence(viewer=viewer)

    async def viewer(self) -> Viewer | None:
        """Return who asks, and note that it was asked."""
        self.dependence.on_identity = True
        return self.dependence.viewer

    async def may_read(self, job: JobRow) -> bool:
        """Say whether who asks may read what is confidential of a job, and note it."""
        answer = may_read(self.dependence.viewer, job)
        self.dependence.may_read.append((job, answer))
        return answer


def may_read(viewer: Viewer | None, job: JobRow) -> bool:
    """Say whether somebody may read what is confidential of a job."""
    return viewer is not None and viewer.may_read(job)
