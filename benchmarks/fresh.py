"""How long a fresh database takes: a copy of a template, and all revisions."""

from __future__ import annotations

import time

import sqlalchemy as sa
from tests.support.apps import RevisionFile
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.rivals import both
from benchmarks.rivals import Rival
from benchmarks.tables import spread
from benchmarks.tables import Table
from flask_migrate.databases.snapshot import take_snapshot

SIZES = (1000, 5000)
PER_TABLE = 10
"""Revisions: one makes a table, the others add a column or an index to it."""

CREATE = """
op.create_table(
    't{n}', sa.Column('id', sa.Integer, primary_key=True), sa.Column('c0', sa.Integer)
)
"""
ADD = "op.add_column('t{n}', sa.Column('c{part}', sa.Integer))"
INDEX = "op.create_index('ix{n}_{part}', 't{n}', ['c{before}', 'id'])"


def make_history(count: int) -> list[RevisionFile]:
    """Return revisions as an application's: a table for each ten of them."""
    revisions: list[RevisionFile] = []

    for number in range(count):
        n, part = divmod(number, PER_TABLE)
        body = CREATE if part == 0 else INDEX if part % 3 == 0 else ADD
        before = part - 1 if part else 0
        revisions.append(
            RevisionFile(
                revision=f"r{number:05}",
                down=revisions[-1].revision if revisions else None,
                upgrade=body.format(n=n, part=part, before=before),
            )
        )

    return revisions


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print the seconds of each, above those of an empty command, and their ratios.

    The databases of one round have the same schema, or it stops.
    """
    table = Table(
        "database",
        "revisions",
        f"Flask-Migrate{' ' * 10}",
        f"prepare --no-template{' ' * 4}",
        f"prepare{' ' * 16}",
        f"replay : copy{' ' * 10}",
    )

    with both() as rivals:
        for size in SIZES:
            history = make_history(size)
            repositories = [str(one.write_repository(history)) for one in rivals]

            for backend in backends:
                found = _measure(places, backend, rivals, repositories, rounds=rounds)
                theirs, replays, copies = zip(*found, strict=True)
                ratios = [a / b for a, b in zip(replays, copies, strict=True)]
                times = (spread(one, " s") for one in (theirs, replays, copies))
                table.add(backend.name, size, *times, spread(ratios))


def _measure(
    places: Places,
    backend: Backend,
    rivals: tuple[Rival, ...],
    repositories: list[str],
    *,
    rounds: int,
) -> list[tuple[float, float, float]]:
    theirs, ours = rivals
    found = []

    with places.made(backend) as home:
        url = sa.make_url(home)
        new = url.set(database=f"{url.database}_fresh")
        at = new.render_as_string(hide_password=False)
        _run(ours, repositories[1], at, "template")

        for _ in range(rounds):
            with places.made(backend) as empty:
                first = _time(theirs, repositories[0], empty, "upgrade")
                schemas = {_read(empty)}

            times = []

            for words in ("prepare", "--no-template"), ("prepare",):
                times.append(_time(ours, repositories[1], at, *words))
                schemas.add(_read(at))
                _run(ours, repositories[1], at, "drop", "--confirm", str(new.database))

            assert len(schemas) == 1, "the schemas differ"
            found.append((first, *times))

        _run(ours, repositories[1], at, "template", "--drop")

    return [(one[0], one[1], one[2]) for one in found]


def _time(rival: Rival, repository: str, url: str, *words: str) -> float:
    """Return the seconds of a command, without those of the application itself."""
    began = time.monotonic()
    idle = rival.run("routes", url=url, repository=repository)
    assert idle.exit_code == 0, idle.output
    middle = time.monotonic()
    _run(rival, repository, url, *words)
    return (time.monotonic() - middle) - (middle - began)


def _run(rival: Rival, repository: str, url: str, *words: str) -> None:
    result = rival.run("db", *words, url=url, repository=repository, PER_MIGRATION="1")
    assert result.exit_code == 0, result.output


def _read(url: str) -> str:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return take_snapshot(connection, ignore="alembic_version").fingerprint
