"""The revision files as a graph: read, checked, extended."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import typing as t

from alembic import util
from alembic.script import Script
from alembic.script import ScriptDirectory
from alembic.script.revision import MultipleHeads as AlembicMultipleHeads
from alembic.util import CommandError

from ..errors import BadOption
from ..errors import HistoryError
from ..errors import OutOfDate
from ..errors import RepositoryError
from ..errors import RepositoryNotFound
from ..errors import RevisionFileError
from ..plan import Direction
from ..plan import Revision
from . import files
from .border import crossing
from .env_file import run_env_file
from .folder import RevisionFolder
from .head_file import HeadFile
from .loading import check_function
from .loading import read_checksum

if t.TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import StampStep

    from ..results import Written


class History(RevisionFolder):
    """Alembic's script directory, whose every error names the file and the next step.

    Overrides ``_generate_template`` and ``_ensure_directory`` of Alembic 1.20: the only
    doors to how files are written.
    """

    @classmethod
    def open(cls, config: Config) -> History:
        """Open the repository of a configuration.

        :raises RepositoryNotFound: there is none.
        """
        location = config.get_main_option("script_location") or ""
        path = pathlib.Path(location)

        if ":" not in location and not path.is_dir():
            raise RepositoryNotFound(
                f"Path doesn't exist: {location}.  Please use the 'init' command to"
                " create a new scripts folder.",
                hint="Run `flask db init`, or name the folder with `flask db -d FOLDER`"
                f" (it is looked for in {pathlib.Path.cwd()}).",
            )

        with crossing():
            stock = ScriptDirectory.from_config(config)

        return cls(
            stock.dir,
            file_template=stock.file_template,
            truncate_slug_length=stock.truncate_slug_length,
            version_locations=stock.version_locations,
            sourceless=stock.sourceless,
            output_encoding=stock.output_encoding,
            timezone=stock.timezone,
            hooks=stock.hooks,
            recursive_version_locations=stock.recursive_version_locations,
            messaging_opts={"quiet": True},
        )

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._actions: list[tuple[str, str]] = []

    # -- reading ---------------------------------------------------------------

    def check_target(self, target: str) -> None:
        """Refuse an id that no file has, before any database is asked.

        A target that counts its way from where the database stands is for later.

        :raises RevisionNotFound: none; :raises MultipleHeads: too many.
        """
        outline = self.outline
        is_plain = outline is not None and (
            target == "heads" or (target == "head" and len(outline.heads) == 1)
        )

        if not is_plain and not _COUNTED.search(target):
            self.find(target)

    def is_at_heads(self, heads: tuple[str, ...]) -> bool:
        """Tell whether a database at these ids has every revision."""
        return set(heads) == set(self.get_heads(consider_depends_on=True))

    def check_heads(self, heads: tuple[str, ...], *, sentence: str) -> None:
        """Refuse a database that is not at every head.

        :param heads: the ids in its version table.
        :param sentence: how the error begins.
        :raises OutOfDate: with where it stands, and what is missing.
        """
        self.require_known(heads)

        if self.is_at_heads(heads):
            return

        wanted = sorted(self.get_heads(consider_depends_on=True))

        with crossing(self):
            found = self.iterate_revisions("heads", heads, implicit_base=True)
            missing = [script.revision for script in found][::-1]

        raise OutOfDate(
            f"{sentence} It is at {', '.join(heads) or 'base'}; "
            + (
                f"{_list_some(missing)} not applied."
                if missing
                else f"the heads are {', '.join(wanted) or 'none'}."
            ),
            hint="Run `flask db upgrade` first."
            if len(wanted) < 2
            else f"There are several heads ({', '.join(wanted)}): run `flask db upgrade"
            " heads`, or join them first with `flask db merge heads`.",
        )

    def describe(self, script: Script, *, is_current: bool = False) -> Revision:
        """Return one file's facts as plain data."""
        return Revision(
            revision=script.revision,
            down_revisions=tuple(script._versioned_down_revisions),
            dependencies=util.to_tuple(script.dependencies, default=()),
            branch_labels=tuple(sorted(script.branch_labels)),
            next_revisions=tuple(sorted(script.nextrev)),
            is_head=script.is_head,
            is_effective_head=script._is_real_head,
            is_branch_point=script.is_branch_point,
            is_merge_point=script.is_merge_point,
            is_current=is_current,
            message=script.doc,
            documentation=script.longdoc,
            path=script.path,
        )

    def find_problem(self, script: Script) -> str | None:
        """Return why a file cannot be loaded, which nobody notices who skips it."""
        try:
            script.module  # noqa: B018  # imports it
        except RevisionFileError as error:
            return error.message

        return None

    def find(self, ident: str | tuple[str, ...]) -> tuple[Script, ...]:
        """Return the files that an id, a part of one or a symbol means.

        :raises RevisionNotFound: none; :raises MultipleHeads: too many.
        """
        with crossing(self):
            found: tuple[Script | None, ...] = self.get_revisions(ident)
            # Alembic gives None for "base".
            return tuple(script for script in found if script is not None)

    def list_heads(self, *, resolve_dependencies: bool = False) -> list[Script]:
        """Return the newest revision of each branch.

        :param resolve_dependencies: a revision that another one depends on is none.
        """
        with crossing(self):
            wanted: t.Any = "heads" if resolve_dependencies else self.get_heads()
            return list(self.get_revisions(wanted))

    def walk(self, base: str | None, head: t.Any) -> list[Script]:
        """Return the revisions between two, the newest first."""
        with crossing(self):
            return list(self.walk_revisions(base=base or "base", head=head or "heads"))

    def list_current(self, heads: tuple[str, ...]) -> list[Script]:
        """Return what a database at these ids stands at, dependencies included."""
        self.require_known(heads)

        with crossing(self, from_database=True):
            return sorted(self.get_all_current(heads), key=lambda one: one.revision)

    def describe_current(self, heads: tuple[str, ...]) -> tuple[Revision, ...]:
        """Return the facts of what a database at these ids stands at."""
        outline = self.outline
        found = None if outline is None else outline.list_current(heads)

        if outline is not None and found is not None:
            return tuple(map(outline.describe, found))

        return tuple(map(self.describe, self.list_current(heads)))

    def require_known(self, heads: tuple[str, ...]) -> None:
        """Refuse ids of a version table that no file has, or that cannot both be true.

        :raises HistoryError: with the command that sets the table right.
        """
        if not all(heads):
            raise HistoryError(
                "The version table holds NULL or an empty id.",
                hint="`flask db stamp --purge REVISION` says where the database really"
                " stands.",
            )

        with crossing(self, from_database=True):
            self.get_revisions(heads)

        for head in heads if len(heads) > 1 else ():
            older = {script.revision for script in self.walk(None, head)} - {head}

            if ancestors := sorted(older.intersection(heads)):
                raise HistoryError(
                    f"The version table holds {head} and its ancestor {ancestors[0]}:"
                    " a database is at the newer one only.",
                    hint=f"`flask db stamp --purge {head}` sets it right.",
                )

    def find_changed(
        self, heads: tuple[str, ...], checksums: cabc.Mapping[str, str]
    ) -> list[Script]:
        """Return the applied scripts that are others than they were.

        :param heads: the ids in the database's version table.
        :param checksums: of the scripts when they were applied, by revision.
        """
        if not checksums or self._is_unchanged(heads, checksums):
            return []

        applied = {
            script.revision: script
            for head in heads
            for script in self.walk(None, head)
        }
        return [
            script
            for revision, script in applied.items()
            if checksums.get(revision, read_checksum(script)) != read_checksum(script)
        ]

    def _is_unchanged(
        self, heads: tuple[str, ...], checksums: cabc.Mapping[str, str]
    ) -> bool:
        """Tell whether it is plain to see that nothing has changed."""
        outline = self.outline
        return (
            outline is not None
            and outline.is_at_end(heads)
            and outline.is_unchanged(checksums)
        )

    def check_new(self, head: str) -> None:
        """Refuse to follow a head where several answer, before anything is compared.

        :raises MultipleHeads: with the sentence of Alembic, which says so later.
        """
        with crossing(self, from_database=False):
            try:
                self.revision_map.get_revision(head)
            except AlembicMultipleHeads as error:
                raise CommandError(
                    "Multiple heads are present; please specify the head revision on"
                    " which the new revision should be based, or perform a merge."
                ) from error

    def check_parents(self, scripts: tuple[Script, ...]) -> None:
        """Refuse a merge of a revision and its own ancestor, which joins nothing.

        :raises BadOption: naming both.
        """
        for script in scripts:
            older = {one.revision for one in self.walk(None, script.revision)}

            for other in scripts:
                if other is not script and other.revision in older:
                    raise BadOption(
                        f"{other.revision} is an ancestor of {script.revision}: there"
                        " is nothing to join.",
                        hint="`flask db heads` lists what there is to join.",
                    )

    # -- steps -----------------------------------------------------------------

    def find_steps(
        self, direction: Direction, target: str, heads: tuple[str, ...]
    ) -> list[Script]:
        """Return the revisions from where a database stands to a target.

        :param direction: which way they go.
        :param target: as Alembic reads it: an id, ``head``, ``+1``, ``-1`` ...
        :param heads: the ids in the database's version table.
        :raises RevisionFileError: one of them could not run.
        """
        # What the database says is looked up first, so that an error says whose id
        # cannot be found.
        self.require_known(heads)

        # Alembic's own sentence; what it has around the next lines looks at the
        # functions of the files, which are not checked yet.
        sentence = "Destination %(end)s is not a valid {} target from current head(s)"
        alembic_errors = self._catch_revision_errors(
            ancestor=sentence.format(direction.value), end=target
        )

        with crossing(self, target=target, heads=heads), alembic_errors:
            scripts = self._iterate_steps(direction, target, heads)

        for script in scripts:
            check_function(script, direction)

        return scripts

    def _iterate_steps(
        self, direction: Direction, target: str, heads: tuple[str, ...]
    ) -> list[Script]:
        current: t.Any = heads

        if direction is Direction.UPGRADE:
            found = self.iterate_revisions(target, current, implicit_base=True)
            return list(found)[::-1]

        return list(self.iterate_revisions(current, target, select_for_downgrade=True))

    def find_stamps(
        self, targets: tuple[str, ...], heads: tuple[str, ...]
    ) -> list[StampStep]:
        """Return the changes of the version table that bring it to the targets."""
        self.require_known(heads)

        with crossing(self):
            return self._stamp_revs(targets, heads)

    # -- writing ---------------------------------------------------------------

    def describe_written(self, scripts: cabc.Iterable[Script]) -> Written:
        """Return what was written: the revisions, and what it took to make them."""
        from ..results import Written

        return Written(
            revisions=tuple(self.describe(script) for script in scripts),
            actions=tuple(self._actions),
        )

    def generate_revision(
        self, revid: str, message: str | None, *args: t.Any, **kwargs: t.Any
    ) -> Script | None:
        """Write one revision file, checked before it is kept."""
        files.check_revision_id(revid)
        files.check_text(message or "", "--message")

        labels = util.to_tuple(kwargs.get("branch_labels"), default=())

        for label in labels:
            files.check_branch_label(label)

        with crossing(self, from_database=False):
            scripts = self.walk(None, None)
            taken = {script.revision: script for script in scripts}
            taken |= {label: one for one in scripts for label in one.branch_labels}

            named = {revid: "--rev-id", **dict.fromkeys(labels, "--branch-label")}

            for name, option in named.items():
                if name in taken:
                    raise BadOption(
                        f"The name {name!r} is taken by {taken[name].path}.",
                        hint=f"Choose another {option}.",
                    )

            if isinstance(kwargs.get("version_path"), str):
                kwargs["version_path"] = pathlib.Path(kwargs["version_path"])

            try:
                script = super().generate_revision(revid, message, *args, **kwargs)
            except OSError as error:
                # Our own writing raises no OSError: a program of alembic.ini does.
                raise RepositoryError(
                    "A post-write hook of alembic.ini could not be run:"
                    f" {error.strerror}: {error.filename}.",
                    hint="The revision file is written. Correct [post_write_hooks].",
                ) from error

            HeadFile(self).update()
            return script

    def _generate_template(
        self, src: pathlib.Path, dest: pathlib.Path, **values: t.Any
    ) -> None:
        if dest.exists():
            raise RevisionFileError(
                f"{dest} exists already.",
                path=str(dest),
                hint="Choose another --rev-id or --message.",
            )

        content = files.render_python(src, values, encoding=self.output_encoding)
        files.write_atomically(dest, content)
        self._forget_files()
        self._actions.append(("Generating", str(dest.absolute())))

    def _ensure_directory(self, path: pathlib.Path) -> None:
        if files.make_directory(path.absolute()):
            self._actions.append(("Creating directory", str(path.absolute())))

    def run_env(self) -> None:
        """Run the repository's ``env.py``."""
        run_env_file(pathlib.Path(self.dir, "env.py"))


_COUNTED = re.compile(r"[+-]\d+$")
"""The end of a target such as ``+1``, ``a1+2`` or ``branch@-1``."""


def _list_some(revisions: list[str]) -> str:
    """Return the first few ids, the number of the others, and "is" or "are"."""
    shown = ", ".join(revisions[:5])
    more = f" and {len(revisions) - 5} more" if len(revisions) > 5 else ""
    return f"{shown}{more} {'is' if len(revisions) == 1 else 'are'}"
