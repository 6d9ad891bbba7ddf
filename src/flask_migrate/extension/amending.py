"""The verb that writes the newest revision anew: amend."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import difflib
import pathlib
import typing as t

from ..errors import BadOption
from ..errors import ConsentMissing
from ..errors import HistoryError
from ..errors import MigrationError
from ..errors import RevisionFileError
from ..events import Listener
from ..results import Written
from .base import Directory
from .base import XArgument
from .journey import Goal
from .journey import Journey
from .opened import Opened
from .rollback import require_consent
from .rollback import RollingBack

if t.TYPE_CHECKING:
    from alembic.script import Script

    from ..make.autogenerate import RevisionOptions
    from ..make.autogenerate.comparison import Answers
    from ..make.autogenerate.comparison import Askers
    from ..views import Rollback


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What ``amend`` has done.

    :param written: the revision as it is now.
    :param difference: between the old and the new text, as ``diff -u`` shows it.
    :param reverted: the names of the databases that it was taken back from; they do
        not have the new one yet.
    """

    written: Written
    difference: str
    reverted: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return {
            "written": self.written.to_dict(),
            "difference": self.difference,
            "reverted": list(self.reverted),
        }


class Amending(RollingBack):
    """How a ``Migrate`` writes a revision again."""

    if t.TYPE_CHECKING:

        def revision(
            self,
            directory: Directory = None,
            *,
            options: RevisionOptions,
            autogenerate: bool = False,
            sql: bool = False,
            x_arg: XArgument = None,
            answers: Answers | None = None,
            askers: Askers | None = None,
        ) -> Written: ...

    def amend(
        self,
        directory: Directory = None,
        *,
        revision: str = "head",
        message: str | None = None,
        confirm: cabc.Iterable[str] = (),
        answers: Answers | None = None,
        askers: Askers | None = None,
        x_arg: XArgument = None,
        lock_timeout: float | None = None,
        on_event: Listener | None = None,
    ) -> Amended:
        """Write the newest revision anew, from the models as they are now.

        It keeps its id, what it follows and its labels. Databases that have applied it
        are taken back first, as `rollback` does it. If anything fails, the old file is
        put back, and applied again where it was.

        :param revision: which head, where there are several.
        :param message: its new one; the old one otherwise.
        :param confirm: the id of the revision, if it may go although others may have
            it, or although there is something in it that no autogenerate writes; the
            names of databases that may lose rows.
        :param answers: what is said beforehand of what the comparison may ask.
        :param askers: who answers the rest.
        :param x_arg: values for ``context.get_x_argument()``.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        :param on_event: is told each event of the run, as the signals are.
        :raises ConsentMissing: see ``confirm``; nothing was done.
        """
        opened = self._open(directory)
        script = _find_script(opened, revision)
        given = tuple(confirm)
        _require_leave(opened, script, confirm=given)
        places = _find_places(opened, script)
        journey = Journey(opened, places, folder=None)
        plans = _plan(journey, script) if places else ()
        require_consent(plans, given)
        path = pathlib.Path(script.path)
        before = path.read_text("utf-8", "replace")
        options = _make_options(opened, script, message=message)
        timeout = opened.choose_timeout(lock_timeout)

        with (
            _reverting(journey, plans, timeout=timeout, on_event=on_event),
            _aside(path, opened),
        ):
            written = self.revision(
                directory,
                options=options,
                autogenerate=True,
                answers=answers,
                askers=askers,
                x_arg=x_arg,
            )
            _require_written(written, script)

        return Amended(
            written=written,
            difference=_compare(before, written, path),
            reverted=tuple(one.name for one in plans if one.steps),
        )


# -- before anything is done -----------------------------------------------------------


def _find_script(opened: Opened, ident: str) -> Script:
    """Return the file that is to be written anew.

    :raises HistoryError: it is no newest revision, or joins several.
    """
    from ..revisions.applied import list_followers

    found = opened.history.find(ident)

    if len(found) != 1:
        raise BadOption(
            f"amend writes one revision anew, and {ident!r} means {len(found)}.",
            hint="`flask db heads` lists what can be amended.",
        )

    script = found[0]
    followers = ", ".join(sorted(list_followers(script)))

    if followers or script.is_merge_point:
        reason = f"{followers} needs it" if followers else "it joins several revisions"
        raise HistoryError(
            f"{script.revision} cannot be amended: {reason}.",
            hint="Write a new revision: `flask db migrate`.",
        )

    return script


def _require_leave(
    opened: Opened, script: Script, *, confirm: cabc.Collection[str]
) -> None:
    """Refuse to replace a file that others may have, or that nobody could write again.

    :raises ConsentMissing: with every reason.
    """
    from ..revisions.handwork import find_handwork
    from ..revisions.sides import read_published
    from ..revisions.source import Source

    revision = script.revision
    refs = [
        one.ref for one in read_published(opened.history) if revision in one.revisions
    ]
    content = pathlib.Path(script.path).read_bytes()
    handwork = find_handwork(Source(content, script.path))
    reasons = [
        *([f"It is in {', '.join(refs)}: others may have applied it."] if refs else []),
        *(["Somebody has written into it:", *handwork] if handwork else []),
    ]

    if reasons and revision not in confirm:
        raise ConsentMissing(
            "\n  ".join([f"{revision} would be written anew.", *reasons])
            + "\nNothing was done.",
            names=(revision,),
            hint=f"Add --confirm {revision}, or write a new revision with `flask db"
            " migrate`.",
        )


# -- the databases ---------------------------------------------------------------------


def _find_places(opened: Opened, script: Script) -> set[str | None]:
    """Return the bind keys of the databases that have applied a head."""
    heads = opened.read_heads()
    return {name or None for name, found in heads.items() if script.revision in found}


def _plan(journey: Journey, script: Script) -> tuple[Rollback, ...]:
    """Return the way back from a revision, in the databases that have it.

    :raises HistoryError: another one was applied after it.
    """
    plans = journey.plan(Goal(steps=1))

    for one in plans:
        last = [step.step.revision for step in one.steps]

        if last != [script.revision]:
            raise HistoryError(
                f"{one.name} has applied {', '.join(last)} after {script.revision}.",
                hint="Roll it back first: `flask db rollback`.",
            )

    return plans


@contextlib.contextmanager
def _reverting(
    journey: Journey,
    plans: tuple[Rollback, ...],
    *,
    timeout: float | None,
    on_event: Listener | None,
) -> cabc.Iterator[None]:
    """Take a revision back, and apply it again if what comes then fails."""
    if not plans:
        yield
        return

    journey.go(plans, timeout=timeout, on_event=on_event)

    try:
        yield
    except BaseException:
        journey.come_back(plans, timeout=timeout, on_event=on_event)
        raise


# -- the file --------------------------------------------------------------------------


@contextlib.contextmanager
def _aside(path: pathlib.Path, opened: Opened) -> cabc.Iterator[None]:
    """Put a file aside, and back to the letter if what comes then fails.

    It stays beside its place meanwhile, where a run that is killed leaves it.
    """
    from ..revisions.source import forget_compiled

    kept = path.with_name(f"{path.name}.amended")
    before = _list_files(opened) - {path}

    try:
        path.rename(kept)
    except OSError as error:
        raise RevisionFileError(
            f"{path} cannot be put aside: {error.strerror}. Nothing was written.",
            path=str(path),
            hint="Give the user of this process write permission in the folder.",
        ) from error

    forget_compiled(path)

    try:
        yield
    except BaseException:
        for new in _list_files(opened) - before:
            new.unlink()

        kept.replace(path)
        forget_compiled(path)
        raise

    kept.unlink()


def _list_files(opened: Opened) -> set[pathlib.Path]:
    from ..revisions.index import list_files

    history = opened.history
    return {
        path
        for folder in map(pathlib.Path, history.version_folders)
        if folder.is_dir()
        for path in list_files(folder, recursive=history.recursive_version_locations)
    }


def _make_options(
    opened: Opened, script: Script, *, message: str | None
) -> RevisionOptions:
    """Return what the new file is asked to be: all that the old one is."""
    from ..make.autogenerate import RevisionOptions

    facts = opened.history.describe(script)
    parents = facts.down_revisions
    old = script.longdoc.partition("\n\nRevision ID:")[0].strip()
    here = pathlib.Path(script.path).parent
    folders = opened.history.version_folders
    return RevisionOptions(
        # What Alembic writes where there is none.
        message=message or (None if old in ("", "empty message") else old),
        head=parents[0] if parents else "base",
        # Its parent has other followers where this is one of several heads.
        splice=True,
        # One or several: Alembic takes both.
        branch_label=getattr(script.module, "branch_labels", None),
        version_path=next(
            (one for one in folders if pathlib.Path(one).resolve() == here), None
        ),
        rev_id=script.revision,
        depends_on=facts.dependencies,
    )


def _require_written(written: Written, script: Script) -> None:
    if not written.revisions:
        raise MigrationError(
            "The models are as the revision before has left them, so nothing would be"
            f" left in {script.revision}. Its file is as it was.",
            hint="Delete the file if it is not needed, after `flask db rollback`.",
        )


def _compare(before: str, written: Written, path: pathlib.Path) -> str:
    after = pathlib.Path(written.revisions[0].path)
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.read_text("utf-8", "replace").splitlines(keepends=True),
        fromfile=path.name,
        tofile=after.name,
    )
    return "".join(lines)
