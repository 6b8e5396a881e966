"""What is seen live of a machine: a renderer for each view, and what lights up because it has just changed."""

VIEWS = ("namespaces", "cgroups", "seccomp", "overlayfs")
"""What can be looked at live, each called as the chapter that it is of."""


def views_of(chapter: str) -> tuple[str, ...]:
    """What a lesson of `chapter` can look at: what the chapter is of, or else everything in turn."""
    return (chapter,) if chapter in VIEWS else VIEWS
