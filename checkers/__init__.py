"""What counts as done: one module a chapter, its checks registered when this package is imported. Read-only, standard
library only; the same code runs in a guest's agent, on a host, and as `python3 -m checkers`."""

from checkers import cgroup_limits as cgroup_limits
from checkers import cgroup_tools as cgroup_tools
from checkers import cgroups as cgroups
from checkers import container as container
from checkers import namespaces as namespaces
from checkers import namespaces_made as namespaces_made
from checkers import overlayfs as overlayfs
from checkers import overlayfs_images as overlayfs_images
from checkers import seccomp as seccomp
from checkers import seccomp_minimal as seccomp_minimal
