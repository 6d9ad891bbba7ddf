"""Plans as text and as JSON: everything is said, in 80 columns, and read back."""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
import typing as t

import jsonschema
import pytest

from flask_migrate.plan import Direction
from flask_migrate.plan import Effect
from flask_migrate.plan import Impact
from flask_migrate.plan import LockLevel
from flask_migrate.plan import Loss
from flask_migrate.plan import Operation
from flask_migrate.plan import Plan
from flask_migrate.plan import Statement
from flask_migrate.plan import Step
from flask_migrate.plan import TableLock
from flask_migrate.report.plan import describe_operation
from flask_migrate.report.plan import format_json
from flask_migrate.report.plan import format_markdown
from flask_migrate.report.plan import format_plans

ADD = Operation(
    kind="add_column",
    text="add column orders.status VARCHAR(16) NOT NULL DEFAULT 'new'",
    statements=(
        Statement(
            sql="ALTER TABLE orders ADD COLUMN status VARCHAR(16)",
            effect=Effect(
                impact=Impact.BRIEF,
                locks=(TableLock(table="orders", level=LockLevel.ACCESS_EXCLUSIVE),),
                source="PostgreSQL manual, ALTER TABLE",
            ),
        ),
    ),
)
INDEX = Operation(
    kind="create_index",
    text="create unique index ix_orders_email on orders (email)",
    statements=(
        Statement(
            sql="CREATE UNIQUE INDEX ix_orders_email\n\tON orders (email)",
            effect=Effect(
                impact=Impact.LONG_WRITES,
                locks=(
                    TableLock(
                        table="orders",
                        level=LockLevel.SHARE,
                        rows=1_200_000,
                        size=310_000_000,
                    ),
                ),
                work=("index build",),
                algorithm="INPLACE",
                transactional=False,
                may_fail=("two rows with the same email",),
            ),
        ),
    ),
)
DROP = Operation(
    kind="drop_column",
    text="drop column users.name",
    statements=(
        Statement(
            sql="ALTER TABLE users DROP COLUMN name",
            effect=Effect(
                impact=Impact.BRIEF,
                losses=(Loss(table="users", column="name", rows=48_211),),
            ),
        ),
    ),
)
STEPS = (
    Step(
        revision="8c1f2a77d0be",
        direction=Direction.UPGRADE,
        message="add orders.status",
        checksum="0" * 64,
        operations=(ADD,),
        reversible=True,
    ),
    Step(
        revision="b41d90ce5a13",
        direction=Direction.UPGRADE,
        message="index orders.email",
        operations=(INDEX, DROP),
        reversible=False,
    ),
    Step(
        revision="c0ffee000000",
        direction=Direction.UPGRADE,
        opaque="reads the database: line 14 of c0ffee000000_fill.py",
    ),
)
PLAN = Plan(
    url="postgresql+psycopg://shop:***@localhost/shop_dev?sslmode=require",
    server="PostgreSQL 15.4",
    fingerprint="1" * 64,
    direction=Direction.UPGRADE,
    start=("3f0c11aa92d4",),
    end=("c0ffee000000",),
    target="head",
    steps=STEPS,
)
EMPTY = dataclasses.replace(PLAN, steps=(), end=PLAN.start)

TEXT = """\
shop_dev   3f0c11aa92d4 -> c0ffee000000   3 steps
on PostgreSQL 15.4

  1  8c1f2a77d0be  add orders.status
     + add column orders.status VARCHAR(16) NOT NULL DEFAULT 'new'
       brief, blocks reads and writes; lock ACCESS EXCLUSIVE on orders

  2  b41d90ce5a13  index orders.email
     + create unique index ix_orders_email on orders (email)
       long, blocks writes; lock SHARE on orders (about 1 200 000 rows, 310 MB);
       builds an index; INPLACE; cannot be rolled back
       may fail: two rows with the same email
     - drop column users.name
       brief, blocks reads and writes
       loses users.name (48 211 rows)

  3  c0ffee000000
     ? reads the database: line 14 of c0ffee000000_fill.py
       what else it does is not known before it runs

reversible: not b41d90ce5a13.   loses data: users.name (48 211 rows).
next: flask db upgrade"""


def test_text() -> None:
    """Steps, operations, effects, losses and the next command, as a person reads."""
    text = format_plans([PLAN])
    assert text == TEXT
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_sql() -> None:
    """With --sql each statement stands below its operation."""
    lines = format_plans([PLAN], sql=True).splitlines()
    place = lines.index("         CREATE UNIQUE INDEX ix_orders_email")
    assert lines[place + 1].split() == ["ON", "orders", "(email);"]


def test_nothing_to_do() -> None:
    """One line, and no command."""
    assert format_plans([EMPTY]) == "shop_dev is at 3f0c11aa92d4. Nothing to do."
    base = dataclasses.replace(EMPTY, start=(), database="users")
    assert format_plans([base]) == "users is at base. Nothing to do."


@pytest.mark.parametrize(
    ("changes", "saved", "command"),
    [
        ({}, "plan.json", "flask db apply plan.json"),
        ({"target": "a3"}, None, "flask db upgrade a3"),
        ({"target": "a1:a3"}, "p.json", "flask db upgrade --sql a1:a3"),
        (
            {"target": "-1", "direction": Direction.DOWNGRADE},
            None,
            "flask db downgrade",
        ),
        (
            {"target": "base", "direction": Direction.DOWNGRADE},
            None,
            "flask db downgrade base",
        ),
    ],
)
def test_next(changes: dict[str, t.Any], saved: str | None, command: str) -> None:
    """The last line is the command that does what was shown."""
    plan = dataclasses.replace(PLAN, **changes)
    text = format_plans([EMPTY, plan], saved=saved)
    assert text.splitlines()[-1] == f"next: {command}"


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (STEPS[:1], "reversible: yes.   loses data: no."),
        (STEPS[:1] * 2, "reversible: both.   loses data: no."),
        (STEPS[:1] * 3, "reversible: all.   loses data: no."),
        (
            STEPS[2:],
            "reversible: not known of c0ffee000000.   loses data: not known.",
        ),
    ],
)
def test_summary(steps: tuple[Step, ...], sentence: str) -> None:
    """It says what comes back, and what does not."""
    text = format_plans([dataclasses.replace(PLAN, steps=steps)])
    assert text.splitlines()[-2] == sentence


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (
            TableLock(table="t", level=LockLevel.LOCK_NONE, rows=1),
            "LOCK=NONE on t (about 1 row)",
        ),
        (
            TableLock(table="main", level=LockLevel.WRITER, size=2048),
            "the only writer (2.05 kB)",
        ),
        (TableLock(table="t", level=LockLevel.SHARE), "lock SHARE on t"),
    ],
)
def test_locks(lock: TableLock, words: str) -> None:
    """In the words of each server."""
    effect = Effect(impact=Impact.BRIEF, locks=(lock,), work=("new word",))
    operation = Operation(
        kind="execute", text="execute", statements=(Statement(sql="X", effect=effect),)
    )
    (line,) = describe_operation(operation)
    assert line == f"brief, blocks reads and writes; {words}; new word"


def test_nothing_can_be_rolled_back() -> None:
    """Where that is true of all, it is said once."""
    step = dataclasses.replace(STEPS[1], operations=(INDEX,))
    text = format_plans([dataclasses.replace(PLAN, steps=(step, step))])
    assert "cannot be rolled back" not in text
    assert "Each statement commits by itself; none can be rolled back.\n" in text


def test_markdown() -> None:
    """A heading for the database, a point for each step, SQL in fences."""
    text = format_markdown([PLAN, EMPTY], sql=True)
    assert text.startswith("### shop_dev   3f0c11aa92d4 -> c0ffee000000   3 steps")
    assert "- **8c1f2a77d0be** add orders.status\n" in text
    assert "  ```sql\n  ALTER TABLE orders ADD COLUMN status VARCHAR(16);\n" in text
    assert "  - **not known:** reads the database" in text
    assert "Nothing to do." in text


def test_json_and_back() -> None:
    """What was written is read again, without a loss."""
    found = json.loads(format_json([PLAN, EMPTY]))
    assert [Plan.from_dict(one) for one in found["plans"]] == [PLAN, EMPTY]
    # What a later version adds is not in the way.
    assert Plan.from_dict({**found["plans"][0], "more": 1}) == PLAN


def read_schema() -> dict[str, t.Any]:
    """Return the published schema."""
    file = importlib.resources.files("flask_migrate") / "schemas" / "plan.json"
    return t.cast("dict[str, t.Any]", json.loads(file.read_text("utf-8")))


def test_the_schema() -> None:
    """Real output is what the schema says, and a wrong one is not."""
    schema = read_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    found = json.loads(format_json([PLAN, EMPTY]))
    jsonschema.validate(found, schema)
    found["plans"][0]["steps"][0]["operations"][0]["statements"][0]["effect"][
        "impact"
    ] = "none"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, schema)


CLASSES = {
    "plan": PLAN,
    "step": STEPS[0],
    "operation": ADD,
    "statement": ADD.statements[0],
    "effect": INDEX.statements[0].effect,
    "lock": INDEX.statements[0].effect.locks[0],
    "loss": DROP.statements[0].effect.losses[0],
}


@pytest.mark.parametrize("name", CLASSES)
def test_the_schema_is_complete(name: str) -> None:
    """It knows each field that is written, requires it, and no others."""
    known = read_schema()["$defs"][name]
    written = CLASSES[name].to_dict()
    assert list(known["properties"]) == known["required"]
    assert sorted(known["required"]) == sorted(written)
    fields = {field.name for field in dataclasses.fields(CLASSES[name])}
    assert fields <= set(written)
    assert all("description" in one or "$ref" in one for one in _properties(known))


def _properties(known: dict[str, t.Any]) -> t.Iterable[dict[str, t.Any]]:
    return known["properties"].values()


def test_the_words_of_the_schema() -> None:
    """It lists each impact, lock level and direction."""
    known = read_schema()["$defs"]
    impacts = known["effect"]["properties"]["impact"]["enum"]
    levels = known["lock"]["properties"]["level"]["enum"]
    assert impacts == [one.value for one in Impact]
    assert levels == [one.value for one in LockLevel]
    assert known["direction"]["enum"] == [one.value for one in Direction]
