"""The folders of the revision files: what is in them, and when it is read."""

from __future__ import annotations

import collections.abc as cabc
import functools
import pathlib
import typing as t

from alembic.script import Script
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionMap

from ..errors import RepositoryError
from .border import crossing
from .graph import Graph
from .headers import Entry
from .index import Index
from .loading import check_graph
from .loading import load_script
from .loading import make_scripts
from .outline import Outline


class RevisionFolder(ScriptDirectory):
    """Alembic's script directory, whose files are read from an index.

    Overrides ``_load_revisions`` of Alembic 1.20, the only door to how they are read.
    """

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._added: tuple[pathlib.Path, ...] = ()
        self.revision_map: RevisionMap = Graph(self._load_revisions)

    def _load_revisions(self) -> cabc.Iterator[Script]:
        if self.sourceless:
            return super()._load_revisions()

        scripts = make_scripts(self.entries)
        scripts += map(load_script, self._added)
        check_graph(scripts)
        return iter(scripts)

    @functools.cached_property
    def _indexes(self) -> tuple[Index, ...]:
        return tuple(
            Index(location, recursive=self.recursive_version_locations)
            for location in self._version_locations
            if location.is_dir()
        )

    def take_index(self, outline: Outline) -> None:
        """Take the files of an outline for these, if they are: they are read already.

        :param outline: of what may be another folder.
        """
        found, folders = outline.files, self._version_locations
        recursive = self.recursive_version_locations

        if not isinstance(found, Index) or len(folders) != 1:
            return

        if found.is_of(folders[0], recursive=recursive):
            self._indexes = (found,)

    @property
    def entries(self) -> list[Entry]:
        """The files of the repository, as the index has them."""
        return [entry for index in self._indexes for entry in index.entries]

    @functools.cached_property
    def outline(self) -> Outline | None:
        """What is known without the graph; ``None`` where that is not enough."""
        if self.sourceless or self._added or len(self._indexes) != 1:
            return None

        return self._indexes[0].outline

    def is_at_end(self, target: str, heads: tuple[str, ...]) -> bool:
        """Tell whether a database is where an upgrade leads, if that is plain to see.

        :param target: of the upgrade.
        :param heads: the ids in the database's version table.
        """
        outline = self.outline
        return outline is not None and outline.is_at_end(heads, target=target)

    def add_files(self, paths: cabc.Iterable[pathlib.Path]) -> None:
        """Read files that stand elsewhere, beside those of the repository."""
        self._added = (*self._added, *paths)
        self._forget_files()
        self.revision_map = Graph(self._load_revisions)

    def _forget_files(self) -> None:
        vars(self).pop("_indexes", None)
        vars(self).pop("outline", None)

    @property
    def has_version_folder(self) -> bool:
        """Whether any folder of revision files exists; git keeps no empty ones."""
        return any(location.is_dir() for location in self._version_locations)

    @property
    def version_folders(self) -> tuple[str, ...]:
        """The folders that the revision files are in."""
        return tuple(str(location) for location in self._version_locations)

    def require_version_folder(self) -> None:
        """Refuse to run without the folder that the revisions are in.

        :raises RepositoryError: it is missing.
        """
        if not self.has_version_folder:
            raise RepositoryError(
                f"{pathlib.Path(self.dir, 'versions')} does not exist, so there is no"
                " revision to run: git keeps no empty folders, and a deploy can lose"
                " one.",
                hint="Deploy the folder, or write the first revision with"
                " `flask db migrate`.",
            )

    def load(self) -> None:
        """Read every file now: a bad one is found before any database is asked.

        :raises RevisionFileError: or :class:`HistoryError`, naming the file.
        """
        if self.outline is None:
            with crossing(self):
                self.revision_map.heads  # noqa: B018  # reads them all
