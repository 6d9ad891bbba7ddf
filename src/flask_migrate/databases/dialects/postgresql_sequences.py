"""The sequences of a PostgreSQL database, and the columns that own them."""

from __future__ import annotations

import dataclasses
import typing as t

import sqlalchemy as sa


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SequenceOptions:
    """How a sequence counts; what is ``None`` follows from the rest.

    :param kind: ``smallint``, ``integer`` or ``bigint``: how far it can count.
    """

    kind: str = "bigint"
    start: int | None = None
    increment: int | None = None
    minvalue: int | None = None
    maxvalue: int | None = None
    cache: int | None = None
    cycle: bool | None = None

    @classmethod
    def of(cls, given: object, kind: str) -> SequenceOptions:
        """Return the options that an ``Identity`` or a ``Sequence`` has."""
        names = [one.name for one in dataclasses.fields(cls) if one.name != "kind"]
        return cls(kind=kind, **{name: getattr(given, name, None) for name in names})

    def resolve(self) -> SequenceOptions:
        """Return the options with everything said."""
        increment = self.increment or 1
        low, high = (1, self.top) if increment > 0 else (-self.top - 1, -1)
        minvalue = low if self.minvalue is None else self.minvalue
        maxvalue = high if self.maxvalue is None else self.maxvalue
        first = minvalue if increment > 0 else maxvalue
        return SequenceOptions(
            kind=self.kind,
            start=first if self.start is None else self.start,
            increment=increment,
            minvalue=minvalue,
            maxvalue=maxvalue,
            cache=self.cache or 1,
            cycle=bool(self.cycle),
        )

    def retype(self, kind: str) -> SequenceOptions:
        """Return the options of another type, whose limits follow if they did."""
        plain = SequenceOptions(kind=self.kind, increment=self.increment).resolve()
        changes: dict[str, t.Any] = {
            name: None
            for name in ("minvalue", "maxvalue")
            if getattr(self, name) == getattr(plain, name)
        }
        return dataclasses.replace(self, kind=kind, **changes)

    @property
    def top(self) -> int:
        """The highest number of its type."""
        return int({"smallint": 2**15, "integer": 2**31}.get(self.kind, 2**63)) - 1

    def write(self, other: SequenceOptions | None = None, *, word: str = "") -> str:
        """Return what differs from other options as SQL, else from what is usual.

        :param word: in front of each option.
        """
        mine = self.resolve()
        usual = other or SequenceOptions(kind=self.kind, increment=self.increment)
        theirs = usual.resolve()
        return "".join(
            f" {word}{_write(name, getattr(mine, name))}"
            for name in ("increment", "minvalue", "maxvalue", "start", "cache", "cycle")
            if getattr(mine, name) != getattr(theirs, name)
            or (other is None and name == "increment" and mine.increment != 1)
        )


def _write(name: str, value: int) -> str:
    if name == "cycle":
        return "CYCLE" if value else "NO CYCLE"

    word = {"increment": "INCREMENT BY", "start": "START WITH"}.get(name, name.upper())
    return f"{word} {value}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SequenceInfo:
    """A sequence.

    :param schema: ``None`` for the default one.
    :param owner: the column that it goes with: schema, table and name.
    :param is_default: the owner takes its default from it, as a serial does.
    """

    schema: str | None
    name: str
    options: SequenceOptions
    owner: tuple[str | None, str, str] | None
    is_default: bool


def list_sequences(connection: sa.Connection) -> list[SequenceInfo]:
    """Read the sequences of all schemas, without those of extensions."""
    default = connection.dialect.default_schema_name

    def place(schema: str) -> str | None:
        return None if schema == default else schema

    return [
        SequenceInfo(
            schema=place(row.schema),
            name=row.name,
            options=SequenceOptions.of(row, row.kind),
            owner=(place(row.owner_schema), row.owner_table, row.owner_column)
            if row.owner_table is not None
            else None,
            is_default=bool(row.is_default),
        )
        for row in connection.execute(_SEQUENCES)
    ]


_SEQUENCES = sa.text(
    """
    SELECT place.nspname AS schema, class.relname AS name,
           format_type(seqtypid, NULL) AS kind, seqstart AS start,
           seqincrement AS increment, seqmin AS minvalue, seqmax AS maxvalue,
           seqcache AS cache, seqcycle AS cycle,
           home.nspname AS owner_schema, owner.relname AS owner_table,
           attname AS owner_column,
           pg_get_expr(adbin, adrelid) LIKE 'nextval(%' AS is_default
    FROM pg_sequence
    JOIN pg_class AS class ON class.oid = seqrelid
    JOIN pg_namespace AS place ON place.oid = class.relnamespace
    LEFT JOIN pg_depend AS link
           ON link.classid = 'pg_class'::regclass AND link.objid = class.oid
          AND link.refclassid = 'pg_class'::regclass AND link.refobjsubid > 0
          AND link.deptype IN ('a', 'i')
    LEFT JOIN pg_class AS owner ON owner.oid = link.refobjid
    LEFT JOIN pg_namespace AS home ON home.oid = owner.relnamespace
    LEFT JOIN pg_attribute ON attrelid = owner.oid AND attnum = link.refobjsubid
    LEFT JOIN pg_attrdef ON adrelid = owner.oid AND adnum = attnum
    WHERE NOT EXISTS (SELECT FROM pg_depend
                      WHERE classid = 'pg_class'::regclass AND objid = class.oid
                        AND deptype = 'e')
    ORDER BY place.nspname, class.relname
    """
)
