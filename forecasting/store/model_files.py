"""Where the models of a lake lie: in a folder of this machine, or below a prefix of an object store.

An object is whole or absent, a bundle of several is not: so it has a name that nothing else has (the lake and the
checksum), its manifest is written last, and it counts once the register names it.
"""

import errno
from collections.abc import Callable
from pathlib import Path

from forecasting.store.files.models import (
    MANIFEST,
    Bundle,
    checksum_of_files,
    load_bundle,
    pack,
    save_bundle,
    unpack,
    write_files,
)
from forecasting.store.files.stored import StoredFile, is_remote, objects
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.registry import ModelRecord, model_uris


class ModelFiles:
    """The files of the models on a lake's register."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._root = lake.settings.models.rstrip("/")
        self._remote = is_remote(self._root)

    def save(self, bundle: Bundle) -> tuple[str, str]:
        """Write a bundle; returns where it is, as the register names it, and its checksum. Raises ModelError where the
        disk refuses, what `Lake.execute` raises where the store does."""
        uri = f"{bundle.stream}/{bundle.model_id}"
        if not self._remote:
            return uri, save_bundle(Path(self.place_of(uri)), bundle)
        contents = pack(bundle)
        checksum = checksum_of_files(contents)
        uri += f"/{self._own()}{checksum[:16]}"
        self.put(uri, contents)
        return uri, checksum

    def load(self, record: ModelRecord) -> Bundle:
        """Read a bundle back, byte for byte as it was saved.

        Raises ModelError where files are missing, damaged or another model's, LakeBusyError where their store is away.
        """
        key = {"stream": record.stream, "model_id": record.model_id, "checksum": record.checksum}
        place = self.place_of(record.uri)
        return unpack(place, self._reader(record.uri), **key) if self._remote else load_bundle(Path(place), **key)

    def has(self, uri: str) -> bool:
        """Whether there is something of a bundle, sound or not."""
        place = self.place_of(uri)
        return bool(self._lake.rows("files/list.sql", pattern=f"{place}/*")) if self._remote else Path(place).is_dir()

    def place_of(self, uri: str) -> str:
        """Path or address of a bundle."""
        return f"{self._root}/{uri}"

    def put(self, uri: str, contents: dict[str, bytes]) -> None:
        """Write the files of a bundle as they are; its manifest is the last of them."""
        place = self.place_of(uri)
        if not self._remote:
            write_files(Path(place), contents)
            return
        for name, content in contents.items():
            self._lake.execute("files/write.sql", file=f"{place}/{name}", content=content)

    def contents(self, uri: str) -> dict[str, bytes]:
        """The files of a bundle as they are, its manifest last; empty where there is none."""
        place = self.place_of(uri)
        if self._remote:
            found = {}
            if self.has(uri):
                rows = self._lake.rows("files/contents.sql", pattern=f"{place}/*")
                found = {path.rpartition("/")[2]: bytes(content) for path, content in rows}
        else:
            found = {path.name: path.read_bytes() for path in Path(place).glob("*") if path.is_file()}
        return dict(sorted(found.items(), key=lambda one: one[0] == MANIFEST))

    def strays(self) -> list[StoredFile]:
        """Objects of bundles that this lake began to write and never put on the register."""
        if not self._remote:
            return []
        registered = {self.place_of(uri) for uri in model_uris(self._lake)}
        mine = objects(self._lake.connection, f"{self._root}/*/*/{self._own()}*/*")
        return [file for file in mine if file.path.rpartition("/")[0] not in registered]

    def _own(self) -> str:
        """By what the bundles of this lake are known beside those of others that share the store."""
        return f"{self._lake.ownership.lake_id()[:8]}-"

    def _reader(self, uri: str) -> Callable[[str], bytes]:
        found = self.contents(uri)

        def read(name: str) -> bytes:
            if name not in found:
                raise FileNotFoundError(errno.ENOENT, "no such object", name)
            return found[name]

        return read
