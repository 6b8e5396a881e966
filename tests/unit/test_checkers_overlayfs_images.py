"""What the checks of the overlayfs chapter say of podman's storage, state by state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lablib.verdict import REGISTRY
from tests.unit.fake_kernel import FakeKernel
from tests.unit.test_checkers_overlayfs import Lab, passed

STORAGE = "/var/lib/containers/storage"
UPPER = f"{STORAGE}/overlay/web/diff"
LAYERS = [f"{STORAGE}/overlay/{layer}/diff" for layer in ("version", "motd", "root")]


@pytest.fixture
def engine(tmp_path: Path) -> Lab:
    """A storage with an image of three layers and a container of it."""
    lab = Lab(FakeKernel(tmp_path))
    images = [{"id": "0"}, {"id": "1", "names": ["localhost/lab-three:latest"], "layer": "version"}]
    layers = [{"id": "root"}, {"id": "version", "parent": "motd"}, {"id": "motd", "parent": "root"}]
    containers = [{"id": "2", "names": ["lab-web"], "layer": "web"}]
    lab.write(f"{STORAGE}/overlay-images/images.json", json.dumps(images))
    lab.write(f"{STORAGE}/overlay-layers/layers.json", json.dumps(layers))
    lab.write(f"{STORAGE}/overlay-containers/containers.json", json.dumps(containers))
    for folder in (*LAYERS, UPPER, "/lab/three/merged", "/lab/three/upper"):
        lab.folder(folder)
    return lab


def mount(lab: Lab, *lower: str, upper: str = "upper") -> None:
    lab.mounts(f"/lab/three/merged overlay lowerdir={':'.join(lower)},upperdir={upper}")


def test_the_scene_is_remembered_as_the_storage_tells_it(engine: Lab) -> None:
    context = engine.context()
    assert REGISTRY.remember("overlayfs/image-by-hand", context) == {"layers": LAYERS}
    assert REGISTRY.remember("overlayfs/container-upper", context) == {"upper": UPPER}


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, "{}", "[1]", '[{"names": "lab-web"}]', "null"])
def test_a_storage_that_makes_no_sense_has_no_image_and_no_container(engine: Lab, text: str) -> None:
    for name in ("overlay-images/images.json", "overlay-containers/containers.json"):
        engine.write(f"{STORAGE}/{name}", text)
    mount(engine, *LAYERS)
    assert engine.keys("image-by-hand") == {
        "merged-has-the-layers-of-the-image": "overlayfs.no-image",
        "it-writes-elsewhere": "overlayfs.no-image",
    }
    assert set(engine.keys("container-upper").values()) == {"overlayfs.no-container"}
    with pytest.raises(LookupError):
        REGISTRY.remember("overlayfs/image-by-hand", engine.context())


def test_layers_whose_parents_go_round_in_a_circle_come_to_an_end(engine: Lab) -> None:
    engine.write(f"{STORAGE}/overlay-layers/layers.json", json.dumps([{"id": "version", "parent": "version"}]))
    assert len(REGISTRY.remember("overlayfs/image-by-hand", engine.context())["layers"]) == 128


def test_the_layers_of_the_image_pass_also_by_their_short_names(engine: Lab) -> None:
    mount(engine, *LAYERS)
    assert passed(engine, "image-by-hand")
    engine.folder(f"{STORAGE}/overlay/l")
    (engine.root / STORAGE.lstrip("/") / "overlay/l/SHORT").symlink_to("../version/diff")
    for short in (f"{STORAGE}/overlay/l/SHORT", "l/SHORT"):
        mount(engine, short, *LAYERS[1:])
        assert passed(engine, "image-by-hand")


@pytest.mark.parametrize("folder", [f"{STORAGE}/overlay", STORAGE, "/var"])
def test_the_layers_pass_by_names_relative_to_a_folder_far_from_the_mount(engine: Lab, folder: str) -> None:
    mount(engine, *(layer.removeprefix(f"{folder}/") for layer in LAYERS))
    assert passed(engine, "image-by-hand")
    mount(engine, *(layer.removeprefix(f"{folder}/") for layer in reversed(LAYERS)))
    assert engine.keys("image-by-hand")["merged-has-the-layers-of-the-image"] == "overlayfs.wrong-order"


def test_what_was_remembered_counts_and_not_what_the_storage_says_now(engine: Lab) -> None:
    engine.kernel.remembered = {"layers": LAYERS}
    engine.write(f"{STORAGE}/overlay-layers/layers.json", json.dumps([{"id": "version"}]))
    mount(engine, LAYERS[0])
    assert engine.keys("image-by-hand")["merged-has-the-layers-of-the-image"] == "overlayfs.too-few-layers"


def test_each_other_mount_of_the_image_has_its_reason(engine: Lab) -> None:
    for lower, key in (
        (LAYERS[1:], "overlayfs.too-few-layers"),
        ([*LAYERS[1:], LAYERS[0]], "overlayfs.wrong-order"),
        (["/lab/three/upper"], "overlayfs.unknown-layer"),
    ):
        mount(engine, *lower)
        assert engine.keys("image-by-hand")["merged-has-the-layers-of-the-image"] == key
    mount(engine, *LAYERS[1:], upper=LAYERS[0])
    assert engine.keys("image-by-hand")["it-writes-elsewhere"] == "overlayfs.upper-is-a-layer"


def test_a_container_that_writes_where_the_link_leads_passes(engine: Lab) -> None:
    engine.mounts(f"/ overlay lowerdir={LAYERS[0]},upperdir={UPPER}")
    engine.write(f"{UPPER}/note", "hi\n")
    engine.folder("/lab")
    (engine.root / "lab/web-upper").symlink_to(UPPER)
    assert passed(engine, "container-upper")


def test_each_state_of_the_container_has_its_reason(engine: Lab) -> None:
    assert engine.keys("container-upper") == {
        "the-container-runs": "overlayfs.container-ended",
        "the-note-is-in-its-upper": "overlayfs.no-note",
        "the-link-leads-there": "overlayfs.no-link",
    }
    engine.mounts(f"/ overlay lowerdir={LAYERS[0]},upperdir={LAYERS[1]}")
    engine.write("/note", "hi\n")
    (engine.root / "lab/web-upper").symlink_to(LAYERS[0])
    assert engine.keys("container-upper") == {
        "the-container-runs": "overlayfs.container-ended",
        "the-note-is-in-its-upper": "overlayfs.note-outside",
        "the-link-leads-there": "overlayfs.link-elsewhere",
    }
