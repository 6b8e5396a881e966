"""What counts as done: one module a chapter, its checks registered when this package is imported. Read-only, standard
library only; the same code runs in a guest's agent, on a host, and as `python3 -m checkers`."""

from checkers import cgroups as cgroups
from checkers import namespaces as namespaces
from checkers import namespaces_made as namespaces_made
