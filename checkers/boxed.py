"""What makes a process a container, part by part: each function finds its part in the kernel's files, or raises the
Failure that names the rule. Used by the checks of the container chapter.

Source of the rules: namespaces(7), pivot_root(2), cgroups(7), capabilities(7), seccomp(2).
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Callable, Iterator

from checkers.containers import proc_evidence
from checkers.overlays import identity, is_served
from lablib.kernel.capabilities import Cap
from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.mount_namespace import beneath_the_root, every_mount, mount_id
from lablib.kernel.mountinfo import MountInfo
from lablib.verdict import Blocked, Context, Evidence, Failure

Part = Callable[[Context, int], Evidence]
"""Says what it found of a process, or raises Failure."""

IMAGE = "/lab/image"
KINDS = ("mnt", "pid", "uts", "ipc", "net")
LIMITS = {"memory.max": 64 << 20, "pids.max": 32}
NAMES = {number: name for name, number in vars(Cap).items() if isinstance(number, int)}
DOCKERS = (
    "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
    "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
)  # fmt: skip
"""What docker leaves root in a container."""
KEPT = sum(1 << int(getattr(Cap, name)) for name in DOCKERS)
SETS = ("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb")
_MAX_DESCRIPTORS = 64


def own_namespaces(ctx: Context, pid: int) -> Evidence:
    """Each namespace that the task names is not the student's shells'."""
    return _differ(ctx, pid, KINDS)


def own_mounts(ctx: Context, pid: int) -> Evidence:
    """The same of the mount namespace alone."""
    return _differ(ctx, pid, ("mnt",))


def _differ(ctx: Context, pid: int, kinds: tuple[str, ...]) -> Evidence:
    outside = first_of_the_lab(ctx, pid)
    own = {kind: ctx.proc.namespace(pid, kind) or "-" for kind in kinds}
    shared = [kind for kind in kinds if own[kind] in ("-", ctx.proc.namespace(outside, kind))]
    shown = ctx.proc.shown_pid(pid)
    evidence = Evidence(f"/proc/{shown}/ns", " ".join(own.values()))
    if shared:
        raise Failure(
            "container.shared-namespaces",
            expected=" ".join(kinds),
            actual=" ".join(kind for kind in kinds if kind not in shared) or "-",
            evidence=[evidence, Evidence("/proc/1/ns", " ".join(_kinds(ctx, outside, kinds)))],
            pid=shown,
            kinds=", ".join(shared),
        )
    return evidence


def _kinds(ctx: Context, pid: int, kinds: tuple[str, ...]) -> list[str]:
    return [ctx.proc.namespace(pid, kind) or "-" for kind in kinds]


def overlay_root(ctx: Context, pid: int) -> Evidence:
    """Its `/` is the root of an overlay that has the image among its lower layers."""
    shown = ctx.proc.shown_pid(pid)
    root = _root(ctx, pid)
    source = f"/proc/{shown}/mountinfo"
    if root is None:
        raise Failure(
            "container.root-is-a-folder",
            expected="overlay",
            actual="-",
            evidence=[Evidence(source, _points(ctx.proc.mounts(pid)))],
            pid=shown,
        )
    evidence = Evidence(source, _line(root))
    if root.type != "overlay":
        raise Failure(
            "container.root-is-no-overlay",
            expected="overlay",
            actual=root.type,
            evidence=[evidence],
            pid=shown,
            type=root.type,
        )
    if not any(_is_image(layer) for layer in root.layers()):
        raise Failure(
            "container.other-layers",
            expected=f"lowerdir={IMAGE}",
            actual="lowerdir=" + ":".join(root.layers()),
            evidence=[evidence],
            pid=shown,
        )
    return evidence


def _is_image(layer: str) -> bool:
    """The kernel shows a layer as it was given to mount(2), which may have been from within /lab."""
    plain = posixpath.normpath(layer)
    return plain == IMAGE or (not plain.startswith("/") and posixpath.basename(plain) == posixpath.basename(IMAGE))


def image_root(ctx: Context, pid: int) -> Evidence:
    """Its `/` is the image, or an overlay that has it among its lower layers."""
    shown = ctx.proc.shown_pid(pid)
    root = _root(ctx, pid)
    evidence = Evidence(f"/proc/{shown}/mountinfo", _line(root) if root else "-")
    if root is not None and (_is_the_image(ctx, pid, root) or any(_is_image(layer) for layer in root.layers())):
        return evidence
    actual = root.root if root else "-"
    raise Failure("container.other-root", expected=IMAGE, actual=actual, evidence=[evidence], pid=shown)


def _is_the_image(ctx: Context, pid: int, root: MountInfo) -> bool:
    wanted = identity(ctx.files, IMAGE)
    # What a process serves may not answer who looks.
    return wanted is not None and not is_served(root) and identity(ctx.proc.files(pid), "/") == wanted


def old_root_gone(ctx: Context, pid: int) -> Evidence:
    """The root that was before is neither mounted in its namespace nor held by the process."""
    shown = ctx.proc.shown_pid(pid)
    source = f"/proc/{shown}/mountinfo"
    root, old = _root(ctx, pid), _root(ctx, first_of_the_lab(ctx, pid))
    if root is not None and _is_same(root, old):
        evidence = [Evidence(source, _line(root))]
        raise Failure("container.old-root-is-its-root", expected="-", actual="/", evidence=evidence, pid=shown)
    seen, whole = ctx.proc.mounts(pid), _whole(pid)
    below = _old_below(ctx, seen, old)
    if below is None and (root is None or root.id not in {mount.id for mount in whole if mount.point == "/"}):
        raise Failure(
            "container.only-chroot",
            expected="/",
            actual=_points(tuple(mount for mount in whole if mount.point == "/")),
            evidence=[Evidence(source, _points(seen)), Evidence(f"{source} (setns)", _points(whole))],
            pid=shown,
        )
    if left := below or _old_below(ctx, whole, old):
        evidence = [Evidence(source, _line(left))]
        params: dict[str, str | int] = {"pid": shown, "point": left.point}
        raise Failure("container.old-root-mounted", expected="-", actual=left.point, evidence=evidence, **params)
    if (covered := _old_below(ctx, beneath_the_root(pid), old)) is not None:
        evidence = [Evidence(source, _line(covered))]
        raise Failure("container.old-root-beneath", expected="-", actual=covered.point, evidence=evidence, pid=shown)
    _refuse_held_folders(ctx, pid, {mount.id for mount in whole})
    return Evidence(source, _points(whole))


def _old_below(ctx: Context, mounts: tuple[MountInfo, ...], old: MountInfo | None) -> MountInfo | None:
    """Where the old root is mounted, or a folder of it. A file leads to no other: engines mount some too."""
    of_it = [mount for mount in mounts if old is not None and mount.device == old.device]
    return next((mount for mount in of_it if _is_same(mount, old) or _is_folder(ctx, mount.root)), None)


def _is_folder(ctx: Context, path: str) -> bool:
    try:
        return stat.S_ISDIR(ctx.files.lstat(path).st_mode)
    except OSError:
        return False


def _whole(pid: int) -> tuple[MountInfo, ...]:
    try:
        return every_mount(pid)
    except PermissionError as error:
        raise Blocked("container.cannot-look", expected="setns", actual=error.strerror or "EPERM") from None


def _is_same(mount: MountInfo, old: MountInfo | None) -> bool:
    return old is not None and (mount.device, mount.root) == (old.device, old.root)


def _refuse_held_folders(ctx: Context, pid: int, mounts: set[int]) -> None:
    """pivot_root(2) moves a process whose working folder was the old root itself, and no other; an open folder keeps
    its mount as well, even one that was unmounted: openat(2) goes on from there."""
    shown = ctx.proc.shown_pid(pid)
    for name in _held_folders(ctx, pid):
        number = mount_id(ctx.proc.root / str(pid) / name)
        if number not in mounts:
            raise Failure(
                "container.holds-a-folder",
                expected="-",
                actual=f"/proc/{shown}/{name}",
                evidence=[Evidence(f"/proc/{shown}/{name}", f"mnt_id {number}")],
                pid=shown,
                name=name,
            )


def _held_folders(ctx: Context, pid: int) -> Iterator[str]:
    yield "cwd"
    folder = ctx.proc.root / str(pid)
    for path in sorted((folder / "fd").iterdir())[:_MAX_DESCRIPTORS]:
        if path.is_dir():
            yield f"fd/{path.name}"


def own_proc(ctx: Context, pid: int) -> Evidence:
    """A proc is mounted at its /proc, and it is not the one outside."""
    shown = ctx.proc.shown_pid(pid)
    source = f"/proc/{shown}/mountinfo"
    mounts = [mount for mount in ctx.proc.mounts(pid) if mount.type == "proc"]
    outside = {mount.device for mount in ctx.proc.mounts(first_of_the_lab(ctx, pid)) if mount.type == "proc"}
    for mount in mounts:
        if mount.device in outside:
            raise Failure(
                "container.outer-proc",
                expected="proc",
                actual=mount.point,
                evidence=[Evidence(source, _line(mount))],
                pid=shown,
                point=mount.point,
            )
    found = next((mount for mount in mounts if mount.point == "/proc"), None)
    if found is None:
        evidence = [Evidence(source, _points(ctx.proc.mounts(pid)))]
        raise Failure("container.no-proc", expected="proc /proc", actual="-", evidence=evidence, pid=shown)
    mine = ctx.proc.namespace(pid, "pid")
    said = proc_evidence(ctx, pid)
    if said.text != mine:
        evidence = [Evidence(source, _line(found)), said]
        raise Failure("container.other-proc", expected=mine or "-", actual=said.text, evidence=evidence, pid=shown)
    return Evidence(source, _line(found))


def limited(ctx: Context, pid: int) -> Evidence:
    """Its cgroup, or one above, limits memory and processes to what the task says at most."""
    shown = ctx.proc.shown_pid(pid)
    where = Evidence(f"/proc/{shown}/cgroup", f"0::{ctx.proc.cgroup(pid) or '-'}")
    cgroups = _cgroups(ctx, pid)
    for file, most in LIMITS.items():
        found = [(_limit(cgroup, file), cgroup) for cgroup in cgroups]
        limits = [(limit, cgroup) for limit, cgroup in found if limit is not None]
        read = [Evidence(cgroup.source(file), "max" if limit is None else str(limit)) for limit, cgroup in found]
        if not limits:
            raise Failure(
                "container.no-limit", expected=str(most), actual="max", evidence=[where, *read], pid=shown, file=file,
                where=where.text,
            )  # fmt: skip
        limit, cgroup = min(limits, key=lambda one: one[0])
        if limit > most:
            raise Failure(
                "container.high-limit", expected=str(most), actual=str(limit), evidence=[where, *read], pid=shown,
                file=cgroup.source(file), most=most,
            )  # fmt: skip
    return where


def _cgroups(ctx: Context, pid: int) -> list[Cgroup]:
    """Its cgroup and those above, without the lab's root; none for a process in it. Where that root is itself only a
    part of the machine's tree, the path of the process begins with the way there."""
    names = [name for name in (ctx.proc.cgroup(pid) or "").split("/") if name]
    root = ctx.cgroup.path.parts
    for skipped in range(len(names) + 1):
        if skipped and root[-skipped:] != tuple(names[:skipped]):
            continue
        chain, cgroup = [], ctx.cgroup
        for name in names[skipped:]:
            cgroup = cgroup.child(name)
            chain.append(cgroup)
        if cgroup.exists() and ".." not in names:
            return chain[::-1]
    return []


def _limit(cgroup: Cgroup, file: str) -> int | None:
    """None for `max`, and where the controller is not given to this cgroup."""
    try:
        text = cgroup.read(file)
    except FileNotFoundError:
        return None
    return None if text == "max" else int(text)


def few_capabilities(ctx: Context, pid: int) -> Evidence:
    """No set of capabilities, the bounding set included, has one that docker would take away."""
    shown = ctx.proc.shown_pid(pid)
    status = ctx.proc.status(pid) or {}
    source = f"/proc/{shown}/status"
    for name in SETS:
        extra = int(status.get(name, "0") or "0", 16) & ~KEPT
        if extra:
            names = [NAMES.get(bit, str(bit)) for bit in range(64) if extra >> bit & 1]
            raise Failure(
                "container.too-many-capabilities",
                expected=f"{KEPT:016x}",
                actual=status[name],
                evidence=[Evidence(source, f"{one}: {status.get(one, '-')}") for one in SETS],
                pid=shown,
                set=name,
                names=", ".join(f"CAP_{one}" for one in names[:4]) + ("…" if len(names) > 4 else ""),
            )
    return Evidence(source, f"CapBnd: {status.get('CapBnd', '-')}")


def no_new_privileges(ctx: Context, pid: int) -> Evidence:
    """no_new_privs is set."""
    value = (ctx.proc.status(pid) or {}).get("NoNewPrivs", "-")
    return _status_is(ctx, pid, "NoNewPrivs", value, "1", "container.may-gain")


def filtered(ctx: Context, pid: int) -> Evidence:
    """A seccomp filter is in force."""
    value = (ctx.proc.status(pid) or {}).get("Seccomp", "-")
    return _status_is(ctx, pid, "Seccomp", value, "2", "container.no-filter")


def _status_is(ctx: Context, pid: int, field: str, value: str, expected: str, key: str) -> Evidence:
    shown = ctx.proc.shown_pid(pid)
    evidence = Evidence(f"/proc/{shown}/status", f"{field}: {value}")
    if value != expected:
        told = f"{field}: {expected}"
        raise Failure(key, expected=told, actual=evidence.text, evidence=[evidence], pid=shown, value=value)
    return evidence


def first_of_the_lab(ctx: Context, pid: int) -> int:
    """The process that the student knows as pid 1, in whose namespaces their shells are: the furthest ancestor of `pid`
    that they can see."""
    while (parent := ctx.proc.parent(pid)) and ctx.proc.is_shown(parent):
        pid = parent
    return pid


def _root(ctx: Context, pid: int) -> MountInfo | None:
    """The mount whose root is the root of `pid`; None where that is a folder further down, or the process has ended."""
    number = mount_id(ctx.proc.root / str(pid) / "root")
    return next((mount for mount in ctx.proc.mounts(pid) if mount.id == number and mount.point == "/"), None)


def _line(mount: MountInfo) -> str:
    return f"{mount.id} {mount.device} {mount.root} {mount.point} {mount.type} {','.join(mount.super_options)}"


def _points(mounts: tuple[MountInfo, ...]) -> str:
    return ", ".join(f"{mount.point} ({mount.type})" for mount in mounts[:20]) or "-"
