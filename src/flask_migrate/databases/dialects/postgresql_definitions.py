"""PostgreSQL: what its catalogs say of keys, checks and indexes.

Whether a model says the same as a database only the server knows: it rewrites every
expression. So the model's are made on empty temporary copies of the tables, and read
back in the same words.
"""

from __future__ import annotations

import collections.abc as cabc
import copy
import dataclasses
import json
import re
import typing as t

import sqlalchemy as sa

from .definitions import Definition
from .definitions import Definitions
from .definitions import Item
from .definitions import Items
from .definitions import Kind
from .definitions import Place
from .definitions import render
from .definitions import Tried
from .sqlite_tokens import tokenize
from .tokens import behind_group
from .tokens import inside
from .tokens import join
from .tokens import split

_KINDS: dict[str, Kind] = {
    "c": "check",
    "u": "unique",
    "p": "primary",
    "f": "foreign",
    "x": "exclude",
    "i": "index",
}
_CONCURRENTLY = re.compile(r"\A(CREATE (?:UNIQUE )?INDEX) CONCURRENTLY")
_LIST = re.compile(
    r"""
    \((?P<name> \w+ | "(?:[^"]|"")+" )\)::text \ (?P<word> =\ ANY | <>\ ALL )
    \ \(\(ARRAY\[
    (?P<items> (?: '(?:[^']|'')*'::character\ varying (?:,\ (?='))? )+ )
    \]\)::text\[\]\)
    """,
    re.VERBOSE,
)
_ITEM = re.compile(r"('(?:[^']|'')*')::character varying")
_LISTED = {"= ANY": "IN", "<> ALL": "NOT IN"}

_DESCRIBED = """
    SELECT con.oid, con.conrelid AS relation, json_build_object(
        'kind', con.contype,
        'name', con.conname,
        'text', regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', ''),
        'where', coalesce(pg_get_expr(con.conbin, con.conrelid), ''),
        'columns', (
            SELECT json_agg(att.attname ORDER BY key.place)
            FROM unnest(con.conkey) WITH ORDINALITY AS key (number, place)
            JOIN pg_attribute AS att
              ON att.attrelid = con.conrelid AND att.attnum = key.number),
        'is_deferrable', con.condeferrable,
        'is_deferred', con.condeferred,
        'comment', obj_description(con.oid, 'pg_constraint')) AS item
    FROM pg_constraint AS con
    WHERE con.contype IN ('c', 'u', 'p', 'f', 'x') AND con.conparentid = 0
      AND (con.conislocal OR con.contype <> 'c')
    UNION ALL
    SELECT ind.indexrelid, ind.indrelid, json_build_object(
        'kind', 'i',
        'name', class.relname,
        'is_unique', ind.indisunique,
        'where', coalesce(pg_get_expr(ind.indpred, ind.indrelid), ''),
        'text', concat_ws(' ', CASE WHEN ind.indisunique THEN 'UNIQUE' END,
            substr(pg_get_indexdef(ind.indexrelid),
                   strpos(pg_get_indexdef(ind.indexrelid),
                          concat('.', quote_ident(owner.relname), ' USING ')) + 1
                   + length(quote_ident(owner.relname)))),
        'comment', obj_description(ind.indexrelid, 'pg_class'))
    FROM pg_index AS ind
    JOIN pg_class AS class ON class.oid = ind.indexrelid
    JOIN pg_class AS owner ON owner.oid = ind.indrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint AS con
                      WHERE con.conrelid = ind.indrelid
                        AND con.conindid = ind.indexrelid AND con.contype <> 'f')
"""

_LIVE = sa.text(
    f"""
    WITH described AS ({_DESCRIBED})
    SELECT place.nspname, class.relname, CAST(described.item AS text)
    FROM described
    JOIN pg_class AS class ON class.oid = described.relation
    JOIN pg_namespace AS place ON place.oid = class.relnamespace
    WHERE place.nspname IN :schemas
    ORDER BY class.relname, described.oid
    """
).bindparams(sa.bindparam("schemas", expanding=True))
_GIVE = sa.text("SELECT set_config('flask_migrate.trials', :value, false)")
_TAKE = sa.text("SELECT current_setting('flask_migrate.trials')")
# A variable of the block outlives the tables, which the errors undo: nothing stays,
# whether the connection is in a transaction or not, and none is broken.
_TRY = sa.text(
    f"""
    DO $trials$
    DECLARE
        trial json; statement text; probe regclass; found json;
        items jsonb; results jsonb := '[]';
    BEGIN
        FOR trial IN SELECT value FROM json_array_elements(
            CAST(current_setting('flask_migrate.trials') AS json)) LOOP
            items := '[]';
            BEGIN
                EXECUTE format('CREATE TEMPORARY TABLE %I (LIKE %I.%I)',
                    trial->>'table', trial->>'schema', trial->>'table');
                probe := CAST(format('pg_temp.%I', trial->>'table') AS regclass);
                FOR statement IN SELECT value FROM json_array_elements_text(
                    trial->'statements') LOOP
                    found := NULL;
                    BEGIN
                        EXECUTE statement;
                        SELECT described.item INTO found
                        FROM ({_DESCRIBED}) AS described
                        WHERE described.relation = probe
                        ORDER BY described.oid DESC LIMIT 1;
                    EXCEPTION WHEN OTHERS THEN found := NULL;
                    END;
                    items := items || jsonb_build_array(found);
                END LOOP;
                RAISE EXCEPTION 'undo' USING ERRCODE = 'WH001';
            EXCEPTION
                WHEN SQLSTATE 'WH001' THEN NULL;
                WHEN OTHERS THEN items := NULL;
            END;
            results := results || jsonb_build_array(items);
        END LOOP;
        PERFORM set_config('flask_migrate.trials', CAST(results AS text), false);
    EXCEPTION WHEN OTHERS THEN
        PERFORM set_config('flask_migrate.trials', '[]', false);
    END $trials$
    """
)


def read_definitions(
    connection: sa.Connection, schemas: cabc.Sequence[str | None]
) -> Definitions:
    """Return what stands in schemas; ``None`` is the default one."""
    default = connection.dialect.default_schema_name
    names = [one or default for one in schemas]
    found: dict[Place, tuple[Definition, ...]] = {}

    for schema, table, text in connection.execute(_LIVE, {"schemas": names}):
        place = (None if schema == default else schema, table)
        found[place] = (*found.get(place, ()), _read(json.loads(text)))

    return found


def try_definitions(
    connection: sa.Connection, wanted: Items, *, live: Definitions
) -> Tried:
    """Return in the server's words what models say, on the columns that it has.

    :param live: what stands in the tables: where a model says just that, in the words
        of the server, it need not be asked.
    """
    dialect = connection.dialect
    known = {
        place: _recognise(items, live.get(place, ()), dialect)
        for place, items in wanted.items()
    }
    asked = {
        place: left
        for place, items in wanted.items()
        if (left := [one for one in items if one not in known[place]])
    }
    tried = _ask(connection, asked) if asked else {}
    answers = {
        place: {**known[place], **dict(zip(items, tried[place], strict=True))}
        for place, items in asked.items()
        if place in tried
    }
    return {
        place: tuple(answers.get(place, known[place])[one] for one in items)
        for place, items in wanted.items()
        if place in answers or place not in asked
    }


def _ask(connection: sa.Connection, wanted: Items) -> Tried:
    trials = [
        {
            "schema": schema or connection.dialect.default_schema_name,
            "table": table,
            "statements": [_write(one, table, connection.dialect) for one in items],
        }
        for (schema, table), items in wanted.items()
    ]
    connection.execute(_GIVE, {"value": json.dumps(trials)})
    connection.execute(_TRY)
    results = json.loads(connection.scalar(_TAKE) or "[]")
    connection.execute(_GIVE, {"value": ""})
    pairs = zip(wanted, results, strict=False)
    return {
        place: tuple(_read(one) if one else None for one in items)
        for place, items in pairs
        if items is not None
    }


def _recognise(
    items: cabc.Sequence[Item], live: cabc.Sequence[Definition], dialect: sa.Dialect
) -> dict[Item, Definition]:
    """Return what stands for an item of a table, each for one at most.

    What the server shows means to it what it shows: ``pg_dump`` relies on that. So a
    model that has the very same words says the same.
    """
    left = [one for one in live if one.kind not in ("primary", "foreign")]
    quote = dialect.identifier_preparer.quote
    found: dict[Item, Definition] = {}

    for item in items:
        name, texts = _spell(item, dialect)
        same = next(
            (
                one
                for one in left
                if one.text in texts and name in (None, quote(one.name or ""))
            ),
            None,
        )

        if same is not None:
            left.remove(same)
            found[item] = same

    return found


def _spell(item: Item, dialect: sa.Dialect) -> tuple[str | None, tuple[str, ...]]:
    """Return the quoted name of an item, and how the server could show what it says."""
    preparer = dialect.identifier_preparer
    text = render(item, dialect)

    if isinstance(item, sa.Index):
        assert item.table is not None  # SQLAlchemy finds an index by its table
        rest = text.partition(f" ON {preparer.format_table(item.table)} ")[2]
        unique = "UNIQUE " if item.unique else ""
        plain = rest if rest.startswith("USING ") else f"USING btree {rest}"
        return preparer.format_index(item), (f"{unique} {plain}",)

    name = None if item.name is None else preparer.format_constraint(item)
    text = text.removeprefix(f"CONSTRAINT {name} ")
    # Around a condition of several words the server puts a second pair.
    return name, (text, re.sub(r"\ACHECK (.*)\Z", r"CHECK (\1)", text, flags=re.S))


def make_name(kind: str, table: str, columns: tuple[str, ...]) -> str:
    """Return the name that the server gives to a constraint without one.

    :param kind: ``uq``, ``fk``, ``ck`` or ``pk``.
    """
    end = _ENDS[kind]
    first, second = table.encode(), "_".join(() if kind == "pk" else columns).encode()
    room = 63 - len(end) - 1 - (1 if second else 0)

    # As makeObjectName() of the server: the longer part gives way.
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]

    parts = (first.decode(errors="ignore"), second.decode(errors="ignore"), end)
    return "_".join(one for one in parts if one)


_ENDS = {"uq": "key", "fk": "fkey", "ck": "check", "pk": "pkey"}


def _write(item: Item, table: str, dialect: sa.Dialect) -> str:
    """Return what makes a constraint or index on the temporary copy of its table."""
    probe = sa.Table(table, sa.MetaData(), schema="pg_temp")

    if isinstance(item, sa.Index):
        assert item.table is not None  # SQLAlchemy finds an index by its table

        for column in item.table.columns:
            probe.append_column(sa.Column(column.name))

        twin = copy.copy(item)
        twin.table = probe
        return _CONCURRENTLY.sub(r"\1", render(twin, dialect))

    name = dialect.identifier_preparer.format_table(probe)
    return f"ALTER TABLE {name} ADD {render(item, dialect)}"


def _read(item: dict[str, t.Any]) -> Definition:
    kind = _KINDS[item.pop("kind")]
    columns = tuple(item.pop("columns", None) or ())
    item["where"] = _LIST.sub(_write_list, item.get("where", ""))
    found = Definition(kind=kind, columns=columns, **item)
    return _split_exclude(found) if kind == "exclude" else found


def _write_list(match: re.Match[str]) -> str:
    """Return a list of strings as it is typed.

    PostgreSQL shows it in another way, and that, typed in, in a third one.
    """
    items = _ITEM.sub(r"\1", match["items"])
    return f"{match['name']} {_LISTED[match['word']]} ({items})"


def _split_exclude(found: Definition) -> Definition:
    """Take ``EXCLUDE USING gist (a WITH =) WHERE (b)`` apart."""
    tokens = tokenize(found.text)
    words = [token.keyword for token in tokens]
    place = words.index("USING") + 1
    elements = tuple(join(one).strip() for one in split(inside(tokens)))
    rest = behind_group(tokens)
    has_where = bool(rest) and rest[0].keyword == "WHERE"
    return dataclasses.replace(
        found,
        elements=elements,
        where=_LIST.sub(_write_list, join(inside(rest)).strip()) if has_where else "",
        method=tokens[place].name,
    )
