"""The verb template: what new databases are copied from; and how they are."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import pathlib
import typing as t

from ..errors import UsageError
from ..results import TemplateState
from .applying import Applying
from .base import Directory
from .shelves import find_shelves
from .shelves import find_template
from .shelves import Lineage
from .shelves import read_lineage
from .shelves import Shelf

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from ..databases.template import Building
    from ..databases.template import Template
    from ..events import Listener
    from ..revisions.database_run import DatabaseRun
    from .opened import Opened

_log = logging.getLogger("flask_migrate")


class Templating(Applying):
    """What a ``Migrate`` does with templates."""

    def template(
        self,
        directory: Directory = None,
        *,
        drop: bool = False,
        lock_timeout: float | None = None,
        on_event: Listener | None = None,
    ) -> tuple[TemplateState, ...]:
        """Build the templates that :meth:`prepare` copies new databases from.

        Each is built by the scripts, beside the live database, which is not looked at;
        one that fits the scripts is kept. Those of older scripts are dropped.

        :param drop: drop those of this repository instead, and build none.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        :param on_event: is told each event of the run that builds them.
        :return: what there is now, or was.
        :raises UsageError: a database cannot be copied, or not with all that is in it.
        """
        opened = self._open(directory)
        opened.history.require_version_folder()
        opened.history.load()
        shelves = self._require_shelves(opened)
        lineages = [read_lineage(opened.scripts, shelf) for shelf in shelves]
        places = tuple(zip(shelves, lineages, strict=True))

        if drop:
            return tuple(_drop_all(places))

        found = [find_template(shelf, one, at_end=True) for shelf, one in places]
        known = [one for one in found if one is not None]

        if len(known) == len(found):
            pairs = zip(shelves, known, strict=True)
            return tuple(_describe(shelf, one, "kept") for shelf, one in pairs)

        if not any(one.digests for one in lineages):
            raise UsageError(
                "There is no revision, and a template of nothing is of no use.",
                hint="`flask db migrate` writes the first one.",
            )

        return self._build(opened, places, timeout=lock_timeout, on_event=on_event)

    def _require_shelves(self, opened: Opened) -> tuple[Shelf, ...]:
        from ..revisions.plain import find_kind

        chosen = self._choose(None)

        if find_kind(pathlib.Path(opened.history.dir)) == "one":
            chosen = chosen[:1]

        shelves = find_shelves(opened.scripts, chosen)

        if len(shelves) < len(chosen):
            able = {shelf.database.key for shelf in shelves}
            unable = next(one for one in chosen if one.key not in able)
            raise UsageError(
                f"The database {unable.title} cannot be copied: templates are for"
                " PostgreSQL, MySQL, MariaDB and files of SQLite, on a synchronous"
                " engine.",
                hint="`flask db prepare` runs the revisions.",
            )

        return shelves

    def _build(
        self,
        opened: Opened,
        places: tuple[tuple[Shelf, Lineage], ...],
        *,
        timeout: float | None,
        on_event: Listener | None,
    ) -> tuple[TemplateState, ...]:
        from ..databases.template import explain_template
        from ..databases.template import is_failure
        from ..databases.template import TemplateName

        states = []

        with contextlib.ExitStack() as stack:
            buildings: dict[str | None, Building] = {}

            for shelf, lineage in places:
                name = TemplateName(lineage.owner, lineage.digests[-1])

                try:
                    building = stack.enter_context(shelf.templates.building(name))
                except Exception as error:
                    if not is_failure(error):
                        raise

                    raise explain_template(error, shelf.templates) from error

                buildings[shelf.database.key] = building

            visited = self._replay(
                opened, places, buildings, timeout=timeout, on_event=on_event
            )

            for shelf, _ in places:
                building = buildings[shelf.database.key]

                # An env.py of its own may leave one out.
                if building.url in visited:
                    states.append(_keep(shelf, building))

        return tuple(states)

    def _replay(
        self,
        opened: Opened,
        places: tuple[tuple[Shelf, Lineage], ...],
        buildings: cabc.Mapping[str | None, Building],
        *,
        timeout: float | None,
        on_event: Listener | None,
    ) -> frozenset[sa.URL]:
        """Run all scripts on new databases; return those that ``env.py`` visits."""
        from ..plan import Direction
        from ..revisions.rehearsal import keeping_apart
        from .moving import Move

        checks = {
            buildings[shelf.database.key].url: shelf.templates.check
            for shelf, _ in places
        }
        visited: set[sa.URL] = set()
        move = Move(
            history=opened.history,
            direction=Direction.UPGRADE,
            target="heads",
            timeout=opened.choose_timeout(timeout),
            sql=False,
        )

        def work(run: DatabaseRun) -> None:
            _require_new(run, checks)

            with keeping_apart(run):
                move.work(run)

            visited.add(run.connection.engine.url)

        urls = {key: building.url for key, building in buildings.items()}

        with self.state.leading_to(urls):
            opened.run(
                work,
                writes=True,
                listener=on_event,
                options={"destination_rev": "heads", "starting_rev": None},
            )

        return frozenset(visited)


def _keep(shelf: Shelf, building: Building) -> TemplateState:
    """Make a template of a database that is built, and drop the older ones.

    :raises UsageError: a copy would lack something.
    """
    from ..databases.lifecycle import explained
    from ..databases.template import drop_others

    with explained(shelf.database):
        lost = shelf.templates.find_lost(building)

        if lost is not None:
            raise UsageError(
                f"No template of {shelf.database.title} is kept: a copy would not have"
                f" {lost}.",
                hint="`flask db prepare` runs the revisions.",
            )

        kept = shelf.templates.keep(building)
        state = _describe(shelf, kept, "built")
        drop_others(shelf.templates, building.name)
        return state


def _drop_all(
    places: cabc.Iterable[tuple[Shelf, Lineage]],
) -> cabc.Iterator[TemplateState]:
    from ..databases.lifecycle import explained
    from ..databases.template import drop

    for shelf, lineage in places:
        with explained(shelf.database):
            shelf.templates.sweep(lineage.owner)
            found = shelf.templates.find(lineage.owner)

        for one in found:
            state = _describe(shelf, one, "dropped")

            if drop(shelf.templates, one):
                yield state


def _describe(shelf: Shelf, template: Template, what: str) -> TemplateState:
    from ..databases.lifecycle import explained

    with explained(shelf.database):
        size = shelf.templates.measure(template)

    return TemplateState(
        database=shelf.database.key, place=template.place, size=size, what=what
    )


def _require_new(
    run: DatabaseRun,
    checks: cabc.Mapping[sa.URL, cabc.Callable[[sa.Connection], str | None]],
) -> None:
    """Refuse a database that was not made for this: ``env.py`` may know another one."""
    url = run.connection.engine.url

    if url not in checks:
        raise UsageError(
            f"env.py connects to {run.dialect.describe(url)} by itself, and not where"
            " it is told to: no template can be built.",
            hint="Let it ask the application for its engine, as a new one does.",
        )

    if reason := checks[url](run.connection):
        raise UsageError(f"No template can be built: {reason}.")
