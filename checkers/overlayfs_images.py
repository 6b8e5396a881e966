"""The checks of the overlayfs chapter that look into the storage of podman: which layers an image has, and where a
container writes. What the storage says is noted when the scene is set, before a student can have changed it.

Source: containers-storage(1) and the layout it keeps below its graph root, Documentation/filesystems/overlayfs.rst.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from checkers.overlayfs import in_order, own_upper
from checkers.overlays import identity, kind, listing, mount_namespaces, overlay_at
from lablib.verdict import Context, Evidence, Failure, check, remember

STORAGE = "/var/lib/containers/storage"
IMAGE = "localhost/lab-three:latest"
CONTAINER = "lab-web"
MERGED = "/lab/three/merged"
LINK = "/lab/web-upper"
_IMAGES = "overlay-images/images.json"
_CONTAINERS = "overlay-containers/containers.json"
_LISTS = 1 << 20
"""Bytes of one of the storage's own lists."""
_LAYERS = 128
"""What docker and podman allow an image at most."""


# overlayfs/image-by-hand


@remember(task="overlayfs/image-by-hand")
def the_layers_of_the_image(ctx: Context) -> Mapping[str, Any]:
    return {"layers": _image_layers(ctx)}


@check(task="overlayfs/image-by-hand")
def merged_has_the_layers_of_the_image(ctx: Context) -> Evidence:
    """`merged` is an overlay of the image's three layers, in its order."""
    overlay = overlay_at(ctx, MERGED)
    layers = _known_layers(ctx)
    in_order(overlay, layers, " > ".join(_short(layer) for layer in layers))
    return overlay.evidence()


@check(task="overlayfs/image-by-hand")
def it_writes_elsewhere(ctx: Context) -> Evidence:
    """Its upper directory is none of the image's layers."""
    overlay = overlay_at(ctx, MERGED)
    own_upper(overlay, _known_layers(ctx))
    return overlay.evidence()


def _known_layers(ctx: Context) -> tuple[str, ...]:
    """Those of when the scene was set; where none was, those of now."""
    try:
        return tuple(ctx.remembered["layers"] if "layers" in ctx.remembered else _image_layers(ctx))
    except LookupError:
        evidence = [Evidence(f"{STORAGE}/{_IMAGES}", "-")]
        raise Failure("overlayfs.no-image", expected=IMAGE, actual="-", evidence=evidence) from None


def _image_layers(ctx: Context) -> list[str]:
    """The directories of its layers, the topmost first. Raises LookupError where there is no such image."""
    image = _named(_listed(ctx, _IMAGES), IMAGE)
    parents = {str(layer.get("id")): layer.get("parent") for layer in _listed(ctx, "overlay-layers/layers.json")}
    found: list[str] = []
    layer = image.get("layer")
    while isinstance(layer, str) and layer and len(found) < _LAYERS:
        found.append(_directory(layer))
        layer = parents[layer]
    return found


# overlayfs/container-upper


@remember(task="overlayfs/container-upper")
def where_the_container_writes(ctx: Context) -> Mapping[str, Any]:
    return {"upper": _container_upper(ctx)}


@check(task="overlayfs/container-upper")
def the_container_runs(ctx: Context) -> Evidence:
    """`lab-web` still runs, on an overlay."""
    upper = _known_upper(ctx)
    for pid, mounts in mount_namespaces(ctx):
        root = next((mount for mount in mounts if mount.point == "/" and mount.type == "overlay"), None)
        if root is not None and root.option("upperdir") == upper:
            return Evidence(f"/proc/{ctx.proc.shown_pid(pid)}/mountinfo", f"/ - overlay upperdir={upper}")
    evidence = [Evidence("/proc/*/mountinfo", "-")]
    raise Failure("overlayfs.container-ended", expected=CONTAINER, actual="-", evidence=evidence)


@check(task="overlayfs/container-upper")
def the_note_is_in_its_upper(ctx: Context) -> Evidence:
    """The container's upper directory has the file `note`."""
    path = f"{_known_upper(ctx)}/note"
    found = kind(ctx.files, path)
    if found != "regular file":
        outside = [one for one in ("/note", "/root/note", "/root/lab/note") if ctx.files.exists(one)]
        raise Failure(
            "overlayfs.note-outside" if outside else "overlayfs.no-note",
            expected="regular file",
            actual=found,
            evidence=[Evidence(path, found), *(Evidence(one, kind(ctx.files, one)) for one in outside)],
            path=outside[0] if outside else "-",
        )
    return Evidence(path, found)


@check(task="overlayfs/container-upper")
def the_link_leads_there(ctx: Context) -> Evidence:
    """`/lab/web-upper` is a symbolic link to that directory."""
    upper = _known_upper(ctx)
    found = kind(ctx.files, LINK)
    if found != "symbolic link":
        raise Failure("overlayfs.no-link", expected=upper, actual=found, evidence=[Evidence(LINK, found)])
    leads, wanted = identity(ctx.files, LINK), identity(ctx.files, upper)
    if leads is None or leads != wanted:
        evidence = [listing(ctx.files, LINK), listing(ctx.files, upper)]
        raise Failure("overlayfs.link-elsewhere", expected=upper, actual=found, evidence=evidence)
    return Evidence(LINK, upper)


def _known_upper(ctx: Context) -> str:
    """That of when the scene was set; where none was, that of now."""
    try:
        return str(ctx.remembered["upper"] if "upper" in ctx.remembered else _container_upper(ctx))
    except LookupError:
        evidence = [Evidence(f"{STORAGE}/{_CONTAINERS}", "-")]
        raise Failure("overlayfs.no-container", expected=CONTAINER, actual="-", evidence=evidence) from None


def _container_upper(ctx: Context) -> str:
    """Raises LookupError where there is no such container."""
    layer = _named(_listed(ctx, _CONTAINERS), CONTAINER).get("layer")
    if not isinstance(layer, str) or not layer:
        raise LookupError(CONTAINER)
    return _directory(layer)


# The storage


def _listed(ctx: Context, name: str) -> list[dict[str, Any]]:
    """One of its lists. Raises LookupError for what is not there, or no list of objects."""
    try:
        value = json.loads(ctx.files.read(f"{STORAGE}/{name}", _LISTS))
    except (OSError, ValueError, RecursionError) as error:
        raise LookupError(name) from error
    if not isinstance(value, list):
        raise LookupError(name)
    return [one for one in value if isinstance(one, dict)]


def _named(objects: Iterable[dict[str, Any]], name: str) -> dict[str, Any]:
    for one in objects:
        if isinstance(names := one.get("names"), list) and name in names:
            return one
    raise LookupError(name)


def _directory(layer: str) -> str:
    return f"{STORAGE}/overlay/{layer}/diff"


def _short(directory: str) -> str:
    """A layer's directory, with as much of its id as tells it from others."""
    return f"{directory.split('/')[-2][:12]}…/diff"
