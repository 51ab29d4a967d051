"""What is wrong with the large files that archives refer to, and with the lists of them. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectProblems:
    """A line for each problem.

    ``objects`` are large files that are missing or are not what their key says. ``lists`` are lists
    of large files that are missing or damaged: what they name was not checked. ``drilled`` are the
    archives whose restore drill found either. ``unchecked`` says what there was no time or memory
    for.
    """

    objects: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    drilled: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.lists, *self.unchecked, *self.objects, *self.drilled)

    @property
    def phrases(self) -> tuple[str, ...]:
        """For the sentence that says why a run is partial."""
        found = []
        if count := len(self.objects):
            what = "large file is" if count == 1 else "large files are"
            found.append(f"{count} {what} not in the bucket as saved")
        if count := len(self.lists):
            what = "list of large files is" if count == 1 else "lists of large files are"
            found.append(f"{count} {what} missing or damaged")
        if (count := len(self.drilled)) and not found:
            what = "archive lacks" if count == 1 else "archives lack"
            found.append(f"{count} {what} large files or the list of them")
        if self.unchecked:
            found.append("some large files were not checked")
        return tuple(found)


NO_OBJECT_PROBLEMS = ObjectProblems()
