"""Flask-Migrate's functions: the same names and positions, for the current application.

Where Flask-Migrate prints and ends the process, these return values and raise
:class:`flask_migrate.errors.MigrationError`.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from .extension import current_migrate
from .extension.base import Directory
from .extension.base import XArgument
from .plan import Revision
from .results import DatabaseState
from .results import RunResult
from .results import Written

if t.TYPE_CHECKING:
    from .revisions.repository import InitResult
    from .revisions.repository import RepositoryTemplate
    from .settings import Against


def list_templates() -> tuple[RepositoryTemplate, ...]:
    """Return the repositories that :func:`init` can make.

    Needs no application.
    """
    from .extension import Migrate

    return Migrate().list_templates()


def init(
    directory: Directory = None,
    multidb: bool = False,
    template: str | None = None,
    package: bool = False,
) -> InitResult:
    """Make a new repository.

    :param directory: its folder, which may exist if it is empty.
    :param multidb: for several databases.
    :param template: one of :func:`list_templates`, or the path of a folder.
    :param package: make the folder an importable package.
    """
    return current_migrate().init(
        directory, multidb=multidb, template=template, package=package
    )


def revision(
    directory: Directory = None,
    message: str | None = None,
    autogenerate: bool = False,
    sql: bool = False,
    head: str = "head",
    splice: bool = False,
    branch_label: str | None = None,
    version_path: str | None = None,
    rev_id: str | None = None,
    depends_on: str | cabc.Sequence[str] | None = None,
    *,
    fills: cabc.Mapping[str, str] | None = None,
    renames: t.Literal["ask", "auto", "never"] = "ask",
    renamed: cabc.Iterable[str] = (),
    allow_mass_drop: bool = False,
    against: Against | None = None,
    verify: bool | None = None,
) -> Revision | None:
    """Write a new revision file, empty unless ``autogenerate``.

    :param message: the first line of its docstring.
    :param autogenerate: from the difference between the models and the databases.
    :param sql: refused, as by Alembic.
    :param head: what it follows.
    :param splice: it may follow a revision that is no head.
    :param branch_label: the name of the branch that it begins.
    :param version_path: the folder of its file, where there are several.
    :param rev_id: its id; a random one otherwise.
    :param depends_on: the revisions that it also needs.
    :param fills: by ``table.column``, what rows get that need a value: SQL,
        ``@default`` or ``@later``.
    :param renames: what happens to a probable rename; ``ask`` raises
        :class:`~flask_migrate.errors.RenameUnanswered`.
    :param renamed: renames that are declared: ``users.name:full_name``.
    :param allow_mass_drop: most of the tables may be dropped.
    :param against: what the models are compared with; ``MIGRATE_AGAINST`` otherwise.
    :param verify: keep only what runs on a scratch database; ``MIGRATE_VERIFY``
        otherwise.
    :return: the revision; ``None`` where autogenerate finds nothing to do.
    """
    return _write(
        directory,
        autogenerate=autogenerate,
        sql=sql,
        message=message,
        head=head,
        splice=splice,
        branch_label=branch_label,
        version_path=version_path,
        rev_id=rev_id,
        depends_on=_as_tuple(depends_on),
        answers={
            "fills": fills or {},
            "renames": renames,
            "renamed": tuple(renamed),
            "allow_mass_drop": allow_mass_drop,
        },
        against=against,
        verify=verify,
    )


def migrate(
    directory: Directory = None,
    message: str | None = None,
    sql: bool = False,
    head: str = "head",
    splice: bool = False,
    branch_label: str | None = None,
    version_path: str | None = None,
    rev_id: str | None = None,
    x_arg: XArgument = None,
    *,
    fills: cabc.Mapping[str, str] | None = None,
    renames: t.Literal["ask", "auto", "never"] = "ask",
    renamed: cabc.Iterable[str] = (),
    allow_mass_drop: bool = False,
    against: Against | None = None,
    verify: bool | None = None,
) -> Revision | None:
    """Write a new revision from the difference between the models and the databases.

    :param x_arg: values for ``context.get_x_argument()``; the others are as for
        :func:`revision`.
    :return: the revision; ``None`` where there is nothing to do.
    """
    return _write(
        directory,
        autogenerate=True,
        sql=sql,
        x_arg=x_arg,
        message=message,
        head=head,
        splice=splice,
        branch_label=branch_label,
        version_path=version_path,
        rev_id=rev_id,
        answers={
            "fills": fills or {},
            "renames": renames,
            "renamed": tuple(renamed),
            "allow_mass_drop": allow_mass_drop,
        },
        against=against,
        verify=verify,
    )


def edit(directory: Directory = None, revision: str = "current") -> None:
    """Open a revision file in the user's editor.

    :param revision: which; ``current`` asks the database.
    """
    current_migrate().edit(directory, revision=revision)


def merge(
    directory: Directory = None,
    revisions: str | cabc.Sequence[str] = "",
    message: str | None = None,
    branch_label: str | None = None,
    rev_id: str | None = None,
    splice: bool = False,
) -> Revision | None:
    """Write the revision that joins several.

    :param revisions: what it joins; every head where nothing is named.
    :param splice: they need not be heads.
    """
    from .make.autogenerate import RevisionOptions

    options = RevisionOptions(
        message=message, branch_label=branch_label, rev_id=rev_id, splice=splice
    )
    written = current_migrate().merge(
        directory, revisions=revisions or "heads", options=options
    )
    return _first(written)


def upgrade(
    directory: Directory = None,
    revision: str = "head",
    sql: bool = False,
    tag: str | None = None,
    x_arg: XArgument = None,
    *,
    allow_lossy_casts: cabc.Iterable[str] = (),
    lock: bool = True,
    lock_timeout: float | None = None,
    dry_run: bool = False,
) -> RunResult:
    """Bring the databases forward to a revision.

    :param revision: the target: an id, ``head``, ``heads``, ``+1`` ...
    :param sql: return the script instead of running it.
    :param tag: for ``context.get_tag_argument()``.
    :param x_arg: values for ``context.get_x_argument()``.
    :param allow_lossy_casts: ``table.column`` whose values a type change may alter.
    :param lock: keep other runs off the databases meanwhile.
    :param lock_timeout: seconds to wait for another run; ``MIGRATE_LOCK_TIMEOUT``
        otherwise.
    :param dry_run: really run them, and undo it.
    """
    return current_migrate().upgrade(
        directory,
        revision=revision,
        sql=sql,
        tag=tag,
        x_arg=x_arg,
        allow_lossy_casts=allow_lossy_casts,
        lock=lock,
        lock_timeout=lock_timeout,
        dry_run=dry_run,
    )


def downgrade(
    directory: Directory = None,
    revision: str = "-1",
    sql: bool = False,
    tag: str | None = None,
    x_arg: XArgument = None,
    *,
    allow_lossy_casts: cabc.Iterable[str] = (),
    lock: bool = True,
    lock_timeout: float | None = None,
    dry_run: bool = False,
) -> RunResult:
    """Bring the databases back to a revision.

    :param revision: the target: an id, ``base``, ``-1`` ...; the other parameters are
        as for :func:`upgrade`.
    """
    return current_migrate().downgrade(
        directory,
        revision=revision,
        sql=sql,
        tag=tag,
        x_arg=x_arg,
        allow_lossy_casts=allow_lossy_casts,
        lock=lock,
        lock_timeout=lock_timeout,
        dry_run=dry_run,
    )


def show(directory: Directory = None, revision: str = "head") -> tuple[Revision, ...]:
    """Return the revisions that a name means; ``current`` asks the databases."""
    return current_migrate().show(directory, revision=revision)


def history(
    directory: Directory = None,
    rev_range: str | None = None,
    verbose: bool = False,
    indicate_current: bool = False,
) -> tuple[Revision, ...]:
    """Return the revisions, the newest first.

    :param rev_range: ``start:end``; either may be left out or be ``current``.
    :param verbose: of no effect: the result holds everything.
    :param indicate_current: ask the databases where they stand.
    """
    return current_migrate().history(
        directory, rev_range=rev_range, indicate_current=indicate_current
    )


def heads(
    directory: Directory = None,
    verbose: bool = False,
    resolve_dependencies: bool = False,
) -> tuple[Revision, ...]:
    """Return the newest revision of each branch.

    :param verbose: of no effect: the result holds everything.
    :param resolve_dependencies: one that another depends on is none.
    """
    return current_migrate().heads(directory, resolve_dependencies=resolve_dependencies)


def branches(
    directory: Directory = None, verbose: bool = False
) -> tuple[Revision, ...]:
    """Return the revisions that several follow.

    :param verbose: of no effect: the result holds everything.
    """
    return current_migrate().branches(directory)


def current(
    directory: Directory = None, verbose: bool = False, check_heads: bool = False
) -> tuple[DatabaseState, ...]:
    """Return where each database stands.

    :param verbose: of no effect: the result holds everything.
    :param check_heads: raise :class:`~flask_migrate.errors.OutOfDate` for one that is
        not at every head.
    """
    return current_migrate().current(directory, check_heads=check_heads)


def stamp(
    directory: Directory = None,
    revision: str | cabc.Sequence[str] = "head",
    sql: bool = False,
    tag: str | None = None,
    purge: bool = False,
) -> RunResult:
    """Write revisions into the version table, and run nothing.

    :param revision: one or several; ``base`` empties the table.
    :param sql: return the statements instead.
    :param tag: for ``context.get_tag_argument()``.
    :param purge: empty the table first, whatever is in it.
    """
    return current_migrate().stamp(
        directory, revisions=revision, sql=sql, tag=tag, purge=purge
    )


def check(directory: Directory = None) -> None:
    """Compare the models with the databases.

    :raises DifferencesFound: with every difference.
    """
    current_migrate().check(directory)


def _write(
    directory: Directory,
    *,
    autogenerate: bool,
    sql: bool,
    answers: dict[str, t.Any],
    against: Against | None,
    verify: bool | None,
    x_arg: XArgument = None,
    **options: t.Any,
) -> Revision | None:
    from .make.autogenerate import RevisionOptions
    from .make.autogenerate.comparison import Answers

    written = current_migrate().revision(
        directory,
        options=RevisionOptions(**options),
        autogenerate=autogenerate,
        sql=sql,
        x_arg=x_arg,
        answers=Answers(**answers),
        against=against,
        verify=verify,
    )
    return _first(written)


def _first(written: Written) -> Revision | None:
    return written.revisions[0] if written.revisions else None


def _as_tuple(value: str | cabc.Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()

    return (value,) if isinstance(value, str) else tuple(value)
