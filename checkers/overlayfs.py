"""The checks of the overlayfs chapter for what is put together by hand. They judge what the kernel says and what lies
in the layers, never how it came there.

Source of the rules they name: the kernel's Documentation/filesystems/overlayfs.rst, mount(8).
"""

from __future__ import annotations

from collections.abc import Iterable

from checkers.overlays import (
    OPAQUE,
    WHITEOUT,
    Overlay,
    kind,
    listing,
    names,
    need_upper,
    overlay_at,
    word,
)
from lablib.kernel.inside import Inside
from lablib.verdict import Context, Evidence, Failure, check

FIRST = "/lab/first"
SITE = "/lab/site"
TRASH = "/lab/trash"
IMAGE = "/lab/image"
USB = "/lab/usb"

SEEN = {"file1": "lower", "file2": "lower", "file3": "upper", "file4": "upper"}
"""What each file of merged/dir is to say."""
PORT, NEW_PORT = "8080", "9090"
PAGE = "Hello from the image"
SECRET = "the password is 201"
LAYERS = ("app", "runtime", "base")
"""The topmost first, as mount(8) takes them."""
LIVE = "live"


# overlayfs/first-mount


@check(task="overlayfs/first-mount")
def merged_is_an_overlay(ctx: Context) -> Evidence:
    """`merged` is an overlay of `lower` and `upper`."""
    overlay = overlay_at(ctx, f"{FIRST}/merged")
    upper = need_upper(overlay)
    lower = overlay.layers
    if len(lower) == 1 and overlay.means(lower[0], f"{FIRST}/lower") and overlay.means(upper, f"{FIRST}/upper"):
        return overlay.evidence()
    swapped = len(lower) == 1 and overlay.means(lower[0], f"{FIRST}/upper") and overlay.means(upper, f"{FIRST}/lower")
    raise Failure(
        "overlayfs.swapped" if swapped else "overlayfs.other-layers",
        expected=f"lowerdir={FIRST}/lower,upperdir={FIRST}/upper",
        actual=f"lowerdir={':'.join(lower)},upperdir={upper}",
        evidence=[overlay.evidence()],
    )


@check(task="overlayfs/first-mount")
def both_have_a_file3(ctx: Context) -> Iterable[Evidence]:
    """`dir/file3` is in `lower` and in `upper`, with another word in each."""
    try:
        files = overlay_at(ctx, f"{FIRST}/merged").files
    except Failure:
        files = ctx.files  # nothing is mounted yet, which the check above says
    return [_says(files, f"{FIRST}/{layer}/dir/file3", layer) for layer in ("lower", "upper")]


@check(task="overlayfs/first-mount")
def four_files_are_seen(ctx: Context) -> Iterable[Evidence]:
    """`merged/dir` shows the four files, and of `file3` the one of `upper`."""
    overlay = overlay_at(ctx, f"{FIRST}/merged")
    return [_says(overlay.files, f"{FIRST}/merged/dir/{name}", text) for name, text in SEEN.items()]


def _says(files: Inside, path: str, text: str) -> Evidence:
    found = word(files, path)
    if found is None:
        folder = path.rpartition("/")[0]
        raise Failure(
            "overlayfs.no-file", expected=text, actual=kind(files, path), evidence=[listing(files, folder)], path=path
        )
    if found != text:
        raise Failure(
            "overlayfs.other-word",
            expected=text,
            actual=found,
            evidence=[Evidence(path, found)],
            path=path,
            text=text,
        )
    return Evidence(path, found)


# overlayfs/copy-up: what the scene mounted is looked at in its layers, which no later mount can hide from us


@check(task="overlayfs/copy-up")
def lower_is_as_it_was(ctx: Context) -> Iterable[Evidence]:
    """`lower` has not changed."""
    lower = f"{SITE}/lower"
    wanted = {"": "config page", "/config": "port", "/config/port": PORT, "/page": PAGE}
    found = {path: names(ctx.files, lower + path) for path in ("", "/config")}
    said = {path: " ".join(inside) for path, inside in found.items()}
    said |= {path: word(ctx.files, lower + path) or "-" for path in ("/config/port", "/page")}
    evidence = [Evidence(lower + path, text or "-") for path, text in said.items()]
    for path, text in wanted.items():
        if said[path] != text:
            raise Failure(
                "overlayfs.lower-changed", expected=text, actual=said[path] or "-", evidence=evidence, path=lower + path
            )
    return evidence


@check(task="overlayfs/copy-up")
def the_change_is_in_upper(ctx: Context) -> Evidence:
    """`upper` holds the changed `config/port`."""
    port = f"{SITE}/upper/config/port"
    found = word(ctx.files, port)
    if found != NEW_PORT:
        raise Failure(
            "overlayfs.not-copied-up" if found is None else "overlayfs.other-port",
            expected=NEW_PORT,
            actual=found or kind(ctx.files, port),
            evidence=[listing(ctx.files, f"{SITE}/upper"), Evidence(port, found or "-")],
        )
    return Evidence(port, found)


@check(task="overlayfs/copy-up")
def the_new_file_is_in_upper(ctx: Context) -> Evidence:
    """`upper` holds the new file."""
    news = f"{SITE}/upper/{ctx.parameters['news']}"
    found = kind(ctx.files, news)
    if found != "regular file":
        raise Failure(
            "overlayfs.no-news",
            expected="regular file",
            actual=found,
            evidence=[listing(ctx.files, f"{SITE}/{layer}") for layer in ("upper", "lower", "merged")],
        )
    return Evidence(news, found)


# overlayfs/whiteout


@check(task="overlayfs/whiteout")
def lower_keeps_everything(ctx: Context) -> Iterable[Evidence]:
    """`lower` still has `secret` and `cache` with `a` and `b`."""
    lower = f"{TRASH}/lower"
    found = [listing(ctx.files, lower), listing(ctx.files, f"{lower}/cache")]
    if [piece.text for piece in found] != ["cache keep secret", "a b"]:
        raise Failure("overlayfs.lower-lost", expected="secret cache/a cache/b", actual="-", evidence=found)
    path = f"{lower}/secret"
    said = Evidence(path, word(ctx.files, path) or "-")
    if said.text != SECRET:
        raise Failure("overlayfs.lower-changed", expected=SECRET, actual=said.text, evidence=[said], path=path)
    return [*found, said]


@check(task="overlayfs/whiteout")
def secret_is_a_whiteout(ctx: Context) -> Evidence:
    """`upper` has a whiteout called `secret`: a character device 0/0."""
    path = f"{TRASH}/upper/secret"
    found = kind(ctx.files, path)
    if found != WHITEOUT:
        raise Failure(
            "overlayfs.not-removed" if found == "-" else "overlayfs.not-a-whiteout",
            expected=WHITEOUT,
            actual=found,
            evidence=[listing(ctx.files, f"{TRASH}/upper"), Evidence(path, found)],
            kind=found,
        )
    return Evidence(path, found)


@check(task="overlayfs/whiteout")
def cache_is_opaque(ctx: Context) -> Evidence:
    """`upper` has an opaque directory `cache` with only `c` in it."""
    path = f"{TRASH}/upper/cache"
    found = kind(ctx.files, path)
    inside = names(ctx.files, path)
    value = (ctx.files.xattr(path, OPAQUE) or b"").decode(errors="replace") if found == "directory" else ""
    evidence = [Evidence(path, found), listing(ctx.files, path), Evidence(f"{path} {OPAQUE}", value or "-")]
    key = _why_not_opaque(found, value, inside, kind(ctx.files, f"{path}/c"))
    if key:
        actual = f"{value or '-'}, {' '.join(inside[:20]) or '-'}"
        raise Failure(key, expected=f"{OPAQUE}=y, c", actual=actual, evidence=evidence)
    return evidence[2]


def _why_not_opaque(found: str, value: str, inside: list[str], c: str) -> str:
    if found == "-":
        return "overlayfs.cache-kept"
    if found == WHITEOUT:
        return "overlayfs.cache-not-made"
    if value != "y":
        return "overlayfs.not-opaque"
    return "" if inside == ["c"] and c == "regular file" else "overlayfs.cache-without-c"


# overlayfs/three-layers


@check(task="overlayfs/three-layers")
def the_layers_are_in_order(ctx: Context) -> Evidence:
    """`merged` is an overlay of `app` over `runtime` over `base`."""
    overlay = overlay_at(ctx, f"{IMAGE}/merged")
    in_order(overlay, tuple(f"{IMAGE}/{name}" for name in LAYERS), " > ".join(LAYERS))
    return overlay.evidence()


@check(task="overlayfs/three-layers")
def it_can_be_written_to(ctx: Context) -> Evidence:
    """It has an upper directory of its own, which is none of the three."""
    overlay = overlay_at(ctx, f"{IMAGE}/merged")
    own_upper(overlay, tuple(f"{IMAGE}/{name}" for name in LAYERS))
    return overlay.evidence()


@check(task="overlayfs/three-layers")
def the_topmost_wins(ctx: Context) -> Iterable[Evidence]:
    """In `merged`, `etc/version` says `app`, and `opt/old`, which `runtime` removed, is not there."""
    overlay = overlay_at(ctx, f"{IMAGE}/merged")
    said = _says(overlay.files, f"{IMAGE}/merged/etc/version", "app")
    old = f"{IMAGE}/merged/opt/old"
    if overlay.files.exists(old):
        evidence = [overlay.evidence(), listing(overlay.files, f"{IMAGE}/merged/opt")]
        raise Failure("overlayfs.old-is-back", expected="-", actual=kind(overlay.files, old), evidence=evidence)
    return [said, Evidence(old, "-")]


def in_order(overlay: Overlay, layers: tuple[str, ...], shown: str) -> None:
    """That `overlay` has these lower directories, the topmost first. Raises Failure with what is wrong with them."""
    told = overlay.layers
    if len(told) == len(layers) and all(overlay.means(*pair) for pair in zip(told, layers, strict=True)):
        return
    found = [next((one for one in layers if overlay.means(path, one)), None) for path in told]
    if None not in found and set(found) == set(layers):
        key = "overlayfs.wrong-order"
    elif None not in found and len(set(found)) < len(layers):
        key = "overlayfs.too-few-layers"
    else:
        key = "overlayfs.unknown-layer"
    strange = next((path for path, one in zip(told, found, strict=True) if one is None), "-")
    raise Failure(
        key,
        expected=shown,
        actual=" > ".join(told),
        evidence=[overlay.evidence()],
        count=len(told),
        wanted=len(layers),
        layer=strange,
    )


def own_upper(overlay: Overlay, layers: tuple[str, ...]) -> None:
    """That writes to `overlay` are possible, and go to a directory that is none of `layers`. Raises Failure."""
    upper = need_upper(overlay)
    if any(overlay.means(upper, layer) for layer in layers):
        evidence = [overlay.evidence()]
        raise Failure("overlayfs.upper-is-a-layer", expected="-", actual=upper, evidence=evidence, upper=upper)
    if "ro" in (*overlay.mount.options, *overlay.mount.super_options):
        point = overlay.mount.point
        raise Failure("overlayfs.read-only", expected="rw", actual="ro", evidence=[overlay.evidence()], folder=point)


# overlayfs/live-usb


@check(task="overlayfs/live-usb")
def squashfs_is_below(ctx: Context) -> Iterable[Evidence]:
    """`root` is an overlay whose lower layer is the squashfs."""
    overlay = overlay_at(ctx, f"{USB}/root")
    layers = [_lies_on(overlay, told, "squashfs", "overlayfs.not-squashfs") for told in overlay.layers]
    return [overlay.evidence(), *layers]


@check(task="overlayfs/live-usb")
def tmpfs_is_above(ctx: Context) -> Iterable[Evidence]:
    """Its upper directory is on a tmpfs."""
    overlay = overlay_at(ctx, f"{USB}/root")
    return [overlay.evidence(), _lies_on(overlay, need_upper(overlay), "tmpfs", "overlayfs.not-tmpfs")]


@check(task="overlayfs/live-usb")
def the_host_name_is_yours(ctx: Context) -> Iterable[Evidence]:
    """`root/etc/hostname` says what was asked for, and the squashfs still says `live`."""
    overlay = overlay_at(ctx, f"{USB}/root")
    changed = _says(overlay.files, f"{USB}/root/etc/hostname", ctx.parameters["mine"])
    below = [path for told in overlay.layers for path in overlay.paths(f"{told}/etc/hostname")]
    found = {path: text for path in below if (text := word(overlay.files, path)) is not None}
    for path, text in found.items():
        if text == LIVE:
            return [changed, Evidence(path, text)]
    actual = next(iter(found.values()), "-")
    raise Failure("overlayfs.other-image", expected=LIVE, actual=actual, evidence=[overlay.evidence()])


def _lies_on(overlay: Overlay, told: str, wanted: str, key: str) -> Evidence:
    mount = overlay.lies_on(told, wanted)
    found = mount.type if mount else "-"
    source = f"/proc/{overlay.pid}/mountinfo"
    shown = Evidence(source, f"{mount.point} - {mount.type} {mount.source}" if mount else f"{told}: -")
    if found != wanted:
        raise Failure(key, expected=wanted, actual=found, evidence=[overlay.evidence(), shown], layer=told, type=found)
    return shown
