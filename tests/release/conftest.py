"""A registry and a builder's storage for the tests of a release, empty when a module's tests begin."""

from collections.abc import Iterator

import pytest

from releases.registry import Registry, serving


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry of our own."""
    with serving(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where buildah keeps images for these tests."""
    folder = tmp_path_factory.mktemp("buildah")
    places = {"driver": "vfs", "graphroot": folder / "graph", "runroot": folder / "run"}
    text = "".join(f'{name} = "{value}"\n' for name, value in places.items())
    (folder / "storage.conf").write_text(f"[storage]\n{text}")
    return {"CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"), "BUILDAH_ISOLATION": "chroot"}
