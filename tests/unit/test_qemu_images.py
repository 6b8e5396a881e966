"""Kernels that guests in QEMU can boot: found, unpacked, and with the modules that they need."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from lablib.errors import MachineError
from lablib.machine.qemu.btf import number_of
from lablib.machine.qemu.images import NEEDED, images_below, unpacked
from lablib.machine.qemu.initramfs import Root, calls
from lablib.machine.qemu.modules import ModuleError, Modules

PVH = struct.pack("<I4s", 18, b"Xen")
KERNEL = b"\x7fELF" + bytes(2000) + PVH + bytes(2000)
BTF_FUNC, BTF_INT, BTF_STRUCT = 12, 1, 4


def zstd(data: bytes) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("there is no zstd here")
    return subprocess.run(["zstd", "-cq"], input=data, capture_output=True, check=True).stdout


def bzimage(payload: bytes, sectors: int = 4, offset: int = 300) -> bytes:
    head = bytearray((sectors + 1) * 512 + offset)
    head[0x1F1] = sectors
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<2I", head, 0x248, offset, len(payload))
    return bytes(head) + payload + b"what follows"


def module(folder: Path, path: str, *depends: str, ending: str = "", pack: object = bytes) -> None:
    file = folder / f"{path}{ending}"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = b"\x7fELF\0license=GPL\0depends=" + ",".join(depends).encode() + b"\0name=x\0"
    file.write_bytes(pack(content))  # type: ignore[operator]
    with (folder / "modules.order").open("a") as order:
        order.write(f"{path}\n")


@pytest.mark.parametrize("pack", [lzma.compress, zstd])
def test_a_bzimage_is_unpacked_wherever_its_header_says(pack: object) -> None:
    size = struct.pack("<I", len(KERNEL))
    assert unpacked(bzimage(pack(KERNEL) + size)) == KERNEL  # type: ignore[operator]
    assert unpacked(bzimage(gzip.compress(KERNEL))) == KERNEL


def test_what_cannot_be_booted_unpacked_stays_packed() -> None:
    for image in (
        bzimage(lzma.compress(b"\x7fELF without a note") + bytes(4)),
        bzimage(lzma.compress(KERNEL)[:-40] + bytes(4)),
        bzimage(b"\x04\x22\x4d\x18 lz4, say"),
    ):
        assert unpacked(image) == image


def test_a_kernel_for_arm_is_packed_as_a_whole_or_not() -> None:
    assert unpacked(gzip.compress(b"MZ Image")) == b"MZ Image"
    assert unpacked(b"MZ Image") == b"MZ Image"


def test_modules_come_in_an_order_in_which_they_can_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "modules.builtin").write_text("kernel/drivers/virtio/virtio.ko\n")
    module(tmp_path, "kernel/fs/9p/9p.ko", "netfs", "9pnet")
    module(tmp_path, "kernel/fs/netfs/netfs.ko", ending=".xz", pack=lzma.compress)
    module(tmp_path, "kernel/net/9p/9pnet.ko", ending=".gz", pack=gzip.compress)
    module(tmp_path, "kernel/drivers/char/virtio-console.ko", "virtio")
    found = Modules(tmp_path).needed(["virtio", "9p", "virtio_console"], ["squashfs"])
    assert [file.name for file in found] == ["netfs.ko.xz", "9pnet.ko.gz", "9p.ko", "virtio-console.ko"]
    assert all(content.startswith(b"\x7fELF") for content in found.values())


def test_a_module_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "modules.builtin").write_text("")
    module(tmp_path, "kernel/9p.ko", "netfs")
    with pytest.raises(ModuleError, match="netfs"):
        Modules(tmp_path).needed(["9p"])
    module(tmp_path, "kernel/netfs.ko", ending=".xz", pack=lambda content: lzma.compress(content)[:-9])
    with pytest.raises(ModuleError, match=r"netfs\.ko\.xz"):
        Modules(tmp_path).needed(["9p"])


def installed(root: Path, release: str, *names: str, above: str = "lib") -> None:
    (root / "boot").mkdir(exist_ok=True)
    (root / f"boot/vmlinuz-{release}").write_bytes(b"a kernel")
    folder = root / above / "modules" / release
    folder.mkdir(parents=True)
    (folder / "modules.builtin").write_text("")
    for name in names:
        module(folder, f"kernel/{name}.ko")


def test_the_newest_kernel_that_has_all_modules_comes_first(tmp_path: Path) -> None:
    installed(tmp_path, "6.1.0-9-amd64", *NEEDED)
    installed(tmp_path, "6.1.0-56-amd64", *NEEDED, above="usr/lib")
    installed(tmp_path, "6.12.1-cloud-amd64", "virtio_pci")
    assert [image.release for image in images_below(tmp_path)] == ["6.1.0-56-amd64", "6.1.0-9-amd64"]


def test_a_kernel_without_the_hook_that_closes_bpf_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    installed(tmp_path, "6.1.0-9-amd64", *NEEDED)
    (image,) = images_below(tmp_path)
    with pytest.raises(MachineError) as caught:
        image.kernel()
    assert caught.value.key == "qemu-kernel-unfit"


def test_a_kernel_is_unpacked_once_until_its_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    installed(tmp_path, "6.1.0-9-amd64", *NEEDED)
    (image,) = images_below(tmp_path)
    kernel = KERNEL + types("bpf_lsm_bpf")
    image.file.write_bytes(bzimage(lzma.compress(kernel) + bytes(4)))
    assert image.kernel() == (kernel, 3)
    kept = tmp_path / "cache/container-labs/vmlinux"
    kept.write_bytes(kept.read_bytes() + b"!")
    assert image.kernel() == (kernel + b"!", 3), "what is kept is what is taken"
    image.file.write_bytes(bzimage(lzma.compress(kernel + b"newer") + bytes(4)))
    assert image.kernel() == (kernel + b"newer", 3)


def types(*functions: str) -> bytes:
    """A BPF Type Format with an int, a struct of two members, and these."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in ("int", *functions))
    entries = struct.pack("<4I", 1, BTF_INT << 24, 4, 32) + struct.pack("<3I", 0, BTF_STRUCT << 24 | 2, 8) + bytes(24)
    for name in functions:
        entries += struct.pack("<3I", names.index(name.encode()), BTF_FUNC << 24, 1)
    header = struct.pack("<HBB5I", 0xEB9F, 1, 0, 24, 0, len(entries), len(entries), len(names))
    return header + entries + names


def test_a_function_has_its_number_among_the_types() -> None:
    kernel = b"code" + types("other", "bpf_lsm_bpf") + b"data"
    assert number_of("bpf_lsm_bpf", kernel) == 4
    assert number_of("other", kernel) == 3
    assert number_of("int", kernel) is None
    assert number_of("lsm_bpf", kernel) is None
    assert number_of("bpf_lsm_bpf", b"no types") is None


def test_folders_are_made_before_what_lies_in_them() -> None:
    root = Root({"code": "/tmp/x/code"}, {})
    made = [call.arguments[1] for call in calls([], root, ["/bin/true"]) if call.name == "mkdirat"]
    assert made[-2:] == [b"/root/tmp/x", b"/root/tmp/x/code"]
    assert len(made) == len(set(made))
