"""What a student finds: a copy-on-write view of the host's programs under a root of their own, plus our own small
/etc/passwd and friends. Every mount of it is data (`plan`), so that it can be shown and tested."""

from __future__ import annotations

import os

from lablib.kernel.mounts import File, Mount, Node, Overlay, Plan, Symlink, tmpfs
from lablib.kernel.syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID

HOSTNAME = "lab"
MERGED_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
LOOP_CONTROL = "loop-control"
NODES = (
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
    (LOOP_CONTROL, 10, 237),
)
LINKS = (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"))
LOOPS = 8
"""mount(8) puts an image on a block device loopN that the kernel makes for it, and looks for it in /dev (loop(4)). The
world's /dev is a tmpfs, where nothing appears by itself."""
PLAIN_FOLDERS = {
    "home": 0o755,
    "home/student": 0o755,
    "home/student/lab": 0o755,
    "root": 0o700,
    "root/lab": 0o755,
    "mnt": 0o755,
    "media": 0o755,
    "opt": 0o755,
    "srv": 0o755,
    "proc": 0o555,
    "sys": 0o555,
    "dev": 0o755,
    "run": 0o755,
    "run/lock": 0o1777,
    "tmp": 0o1777,
    "lab": 0o777,
    "var": 0o755,
    "var/cache": 0o755,
    "var/lib": 0o755,
    "var/log": 0o755,
    "var/spool": 0o755,
    "var/tmp": 0o1777,
}
STUDENT = 1000
_TTY = 5
ALL_IDS = (1 << 32) - 1
"""Of the first user namespace."""

# What was pasted is not lit up, for then readline(3) writes it once more, from the top, when it is taken.
_BASHRC = r"""PS1='\u@\h:\w\$ '
alias ls='ls --color=auto'
HISTCONTROL=ignorespace
bind 'set enable-active-region off' 2>/dev/null
"""
FILES: dict[str, tuple[int, str]] = {
    "etc/passwd": (
        0o644,
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
        "student:x:1000:1000:student:/home/student:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    "etc/group": (
        0o644,
        "root:x:0:\ndaemon:x:1:\ntty:x:5:\nsudo:x:27:student\nshadow:x:42:\nstudent:x:1000:\nnogroup:x:65534:\n",
    ),
    # An empty password field would let anybody in by su; "*" leaves root's own su and sudo's NOPASSWD.
    "etc/shadow": (0o640, "root:*:20000::::::\nstudent:*:20000::::::\n"),
    "etc/gshadow": (0o640, "root:*::\nsudo:*::student\nstudent:!::\n"),
    "etc/subuid": (0o644, "student:100000:65536\n"),
    "etc/subgid": (0o644, "student:100000:65536\n"),
    "etc/sudoers": (
        0o440,
        "Defaults env_reset, !lecture, !use_pty\n"
        'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\n'
        "root ALL=(ALL:ALL) ALL\nstudent ALL=(ALL:ALL) NOPASSWD: ALL\n",
    ),
    "etc/hostname": (0o644, f"{HOSTNAME}\n"),
    "etc/hosts": (0o644, f"127.0.0.1 localhost {HOSTNAME}\n::1 localhost\n"),
    "etc/resolv.conf": (0o644, "# the lab has no network\n"),
    "etc/fstab": (0o644, ""),
    # Nobody here may make device nodes, and so a container gets those of the world; there is no network to join, and no
    # systemd to ask for a cgroup or to log to.
    "etc/containers/containers.conf": (
        0o644,
        '[containers]\nvolumes = ["/dev:/dev"]\nnetns = "none"\nlog_driver = "k8s-file"\n'
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
    ),
    "etc/containers/storage.conf": (
        0o644,
        '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\n'
        'graphroot = "/var/lib/containers/storage"\n',
    ),
    "root/.bashrc": (0o644, _BASHRC),
    "home/student/.bashrc": (0o644, _BASHRC),
}

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
}
WORK_FOLDER = "/root/lab"
STUDENT_PYTHON = "opt/labs/python"
"""Where `import pyseccomp` finds its module, on the PYTHONPATH of the student's shells only."""


def environment(root: str) -> dict[str, str]:
    """What the student's programs start with."""
    if os.path.isdir(f"{root}/{STUDENT_PYTHON}"):
        return {**ENVIRONMENT, "PYTHONPATH": f"/{STUDENT_PYTHON}"}
    return dict(ENVIRONMENT)


def plan(root: str, upper: str, host: str = "", *, shared: bool = False, ids: int = ALL_IDS) -> Plan:
    """The mounts of a world at `root`. `upper` is a folder of a file system that overlayfs takes as upper; it must not
    be visible in the world. `/proc` is not here: it belongs to the pid namespace that will use it. `host` is where the
    host's root is seen, empty for `/`. A `shared` kernel runs more than this world: there, cgroups belong to the cgroup
    namespace that will use them, and devices are the host's, copied-on-write like its programs. `ids` is how many user
    ids there are: where not all, in a user namespace other than the first, devices are those of NODES, and /etc is left
    to `build`."""
    whole = ids == ALL_IDS
    copied = ["usr", *(["etc"] if whole else []), *(["dev"] if shared and whole else [])]
    merged = []
    for name in MERGED_FOLDERS:
        folder = f"{host}/{name}"
        if os.path.islink(folder):
            merged.append(Symlink(f"{root}/{name}", os.readlink(folder).removeprefix("/")))
        elif os.path.isdir(folder):
            copied.append(name)
    dev = f"{root}/dev"
    there = os.listdir(f"{host}/dev") if shared and whole else []
    xattrs = () if whole else ("userxattr",)  # no other class may be written there: xattr(7)
    terminals = ("newinstance", *(("gid=5",) if ids > _TTY else ()), "mode=620", "ptmxmode=666")
    return Plan(
        (
            *merged,
            *(
                Overlay(f"{root}/{name}", (f"{host}/{name}",), f"{upper}/{name}/upper", f"{upper}/{name}/work", *xattrs)
                for name in copied
            ),
            tmpfs(f"{root}/tmp", mode=0o1777),
            tmpfs(f"{root}/lab", mode=0o777),
            tmpfs(f"{root}/run"),
            Mount(f"{root}/sys", "sysfs", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC),
            *(() if shared else (cgroups(root, "nsdelegate"),)),
            *(_devices(dev) if not shared else () if whole else _bound_devices(dev, host)),
            Mount(f"{dev}/pts", "devpts", "devpts", MS_NOSUID, terminals),
            tmpfs(f"{dev}/shm", mode=0o1777, flags=MS_NOSUID | MS_NODEV),
            Mount(f"{dev}/mqueue", "mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC),
            *(Symlink(f"{dev}/{name}", to) for name, to in LINKS if name not in there),
            Symlink(f"{root}/var/run", "/run"),
            Symlink(f"{root}/var/lock", "/run/lock"),
        )
    )


def cgroups(root: str, *options: str) -> Mount:
    """The hierarchy as the cgroup namespace sees it in which this is executed."""
    return Mount(f"{root}/sys/fs/cgroup", "cgroup2", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)


def _devices(dev: str) -> tuple[Mount | Node, ...]:
    """A guest's own: nothing in it may make a device node."""
    return (
        tmpfs(dev, size="1M", flags=MS_NOSUID),
        *(Node(f"{dev}/{name}", major, minor) for name, major, minor in NODES),
        *(Node(f"{dev}/loop{number}", 7, number, 0o660, block=True) for number in range(LOOPS)),
    )


def _bound_devices(dev: str, host: str) -> tuple[Mount | File, ...]:
    """Where no node may be made, and none on an overlay of ours may be opened (mount_namespaces(7), nodev)."""
    there = [name for name, *_ in NODES if name != LOOP_CONTROL and os.path.exists(f"{host}/dev/{name}")]
    return (
        tmpfs(dev, size="1M", flags=MS_NOSUID),
        *(File(f"{dev}/{name}") for name in there),
        *(Mount(f"{dev}/{name}", source=f"{host}/dev/{name}", flags=MS_BIND) for name in there),
    )


def build(root: str, upper: str, python_folder: str, *, shared: bool = False, ids: int = ALL_IDS) -> None:
    """Makes the world. `root` is an empty folder of a tmpfs; `python_folder`, if it is there, holds modules for the
    student's own Python. With too few `ids` for the user `student` there is none. Raises OSError."""
    for name, mode in PLAIN_FOLDERS.items():
        _make_folder(f"{root}/{name}", mode)
    plan(root, upper, shared=shared, ids=ids).execute()
    if ids != ALL_IDS:
        _copy_readable("/etc", f"{root}/etc")
    _make_folder(f"{root}/run/lock", 0o1777)
    for name, (mode, text) in FILES.items():
        lines = text.splitlines(keepends=True)
        if ids <= STUDENT:
            lines = [line for line in lines if not line.startswith(("student:", "student "))]
        _replace(f"{root}/{name}", mode, "".join(lines).encode())
    for name in ("home/student", "home/student/lab", "home/student/.bashrc") if ids > STUDENT else ():
        os.chown(f"{root}/{name}", STUDENT, STUDENT)
    if os.path.isdir(python_folder):
        _copy_files(python_folder, f"{root}/{STUDENT_PYTHON}")


def _copy_readable(source: str, target: str) -> None:
    """In a user namespace an overlay copies nothing up whose owner has no id there (EOVERFLOW): not for programs, which
    are to be replaced as a whole, but for settings, which are to be changed."""
    import shutil  # no guest needs it

    try:
        shutil.copytree(source, target, symlinks=True)
    except shutil.Error:
        pass  # it has copied all but what is not for us to read


def _make_folder(folder: str, mode: int) -> None:
    os.mkdir(folder)
    os.chmod(folder, mode)  # mkdir(2) applies the umask


def _replace(path: str, mode: int, data: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Writing in place would copy the host's file up first, and root of the host may be all who can read that one.
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb", buffering=0) as file:
        file.write(data)
    os.chmod(path, mode)


def _copy_files(source: str, target: str) -> None:
    os.makedirs(target)
    for name in os.listdir(source):
        with open(f"{source}/{name}", "rb", buffering=0) as file, open(f"{target}/{name}", "wb", buffering=0) as copy:
            copy.write(file.read())
