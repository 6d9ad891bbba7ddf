"""The corpus of PostgreSQL, and what its server really does."""

from __future__ import annotations

import dataclasses
import typing as t

import sqlalchemy as sa

from flask_migrate.plan import Impact
from flask_migrate.plan import LockLevel

from .cases import Case
from .cases import make_cases

SCHEMA = """
CREATE TYPE st AS ENUM ('new', 'old');
CREATE DOMAIN dom AS integer;
CREATE DOMAIN domc AS integer CHECK (VALUE > 0);
CREATE FUNCTION volf() RETURNS integer LANGUAGE plpgsql VOLATILE
    AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION stabf() RETURNS integer LANGUAGE plpgsql STABLE
    AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE r (id integer PRIMARY KEY, code varchar(20) UNIQUE);
CREATE TABLE t (
    id integer PRIMARY KEY, a integer, b integer NOT NULL, big bigint, small smallint,
    name varchar(50), code varchar(50), txt text, txti text, ch char(10),
    num numeric(10, 2), rl real, price double precision, flag boolean, s st,
    ts timestamp, tstz timestamptz, ts3 timestamp(3), tm time(3), dt date,
    js json, ip cidr, vb varbit(8), x xml, vw integer, va varchar(10)[],
    "Odd, name" integer,
    checked varchar(20) CONSTRAINT checked_long CHECK (length(checked) > 0),
    proven integer CONSTRAINT proven_set CHECK (proven IS NOT NULL),
    proven_too integer CHECK (b > 0 AND proven_too IS NOT NULL),
    source integer, made integer GENERATED ALWAYS AS (source + 1) STORED,
    r_id integer CONSTRAINT fk_r REFERENCES r (id),
    r_code varchar(20) REFERENCES r (code),
    u integer CONSTRAINT uq_u UNIQUE
);
CREATE INDEX ix_code ON t (code);
CREATE INDEX ix_txti ON t (txti);
CREATE UNIQUE INDEX ux_b ON t (b);
CREATE UNIQUE INDEX ux_a ON t (a);
CREATE TABLE late (id integer PRIMARY KEY, a integer, r_id integer, wide bigint);
CREATE TABLE c (id integer PRIMARY KEY, t_id integer REFERENCES t (id));
CREATE TABLE k (id integer PRIMARY KEY, c_id integer REFERENCES c ON DELETE CASCADE);
CREATE TABLE nopk (id integer NOT NULL, a integer);
CREATE UNIQUE INDEX ux_nopk_id ON nopk (id);
CREATE UNIQUE INDEX ux_nopk_a ON nopk (a);
CREATE TABLE d (id integer, v dom);
CREATE VIEW v AS SELECT vw, big AS seen FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT id, a FROM nopk;
CREATE UNIQUE INDEX ux_mv ON mv (id);
CREATE SEQUENCE sq;
CREATE TRIGGER tg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg();
CREATE TABLE p (id integer, d date) PARTITION BY RANGE (d);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE pq (id integer, d date);
CREATE TABLE par (id integer);
CREATE TABLE rest (id integer, d date) PARTITION BY RANGE (d);
CREATE TABLE rest_other PARTITION OF rest DEFAULT;
CREATE SCHEMA s2;
CREATE TABLE s2."Bills" (id integer PRIMARY KEY, "Sum" integer);
INSERT INTO r SELECT i, 'c' || i FROM generate_series(1, 30) i;
INSERT INTO t (id, a, b, name, txt, r_id, r_code, u, proven, proven_too, s, checked)
    SELECT i, i, i, 'n' || i, 't' || i, i, 'c' || i, i, i, i, 'new', 'x'
    FROM generate_series(1, 20) i;
ALTER TABLE t ADD CONSTRAINT nv_check CHECK (source > 0) NOT VALID;
INSERT INTO late SELECT i, i, i FROM generate_series(1, 20) i;
ALTER TABLE late ADD CONSTRAINT late_check CHECK (a IS NOT NULL) NOT VALID;
ALTER TABLE late ADD CONSTRAINT late_fk FOREIGN KEY (r_id) REFERENCES r NOT VALID;
INSERT INTO c SELECT i, i FROM generate_series(1, 10) i;
INSERT INTO k SELECT i, i FROM generate_series(1, 10) i;
INSERT INTO nopk SELECT i, i FROM generate_series(1, 20) i;
INSERT INTO d VALUES (1, 1);
INSERT INTO p VALUES (1, '2020-05-05');
INSERT INTO pq VALUES (1, '2021-05-05');
INSERT INTO s2."Bills" VALUES (1, 1);
ANALYZE;
"""

UTC = ("SET LOCAL TimeZone = 'UTC'",)
PARIS = ("SET LOCAL TimeZone = 'Europe/Paris'",)


def _types() -> list[Case]:
    """Return the changes of a type, most of them as Alembic writes them."""
    changes: dict[str, tuple[str, sa.types.TypeEngine[t.Any]]] = {
        "int to bigint": ("a", sa.BigInteger()),
        "int to bigint, in another foreign key": ("id", sa.BigInteger()),
        "int to bigint, with a foreign key": ("r_id", sa.BigInteger()),
        "smallint to int": ("small", sa.Integer()),
        "varchar longer": ("name", sa.String(100)),
        "varchar longer, indexed": ("code", sa.String(100)),
        "varchar longer, with a foreign key": ("r_code", sa.String(40)),
        "varchar shorter": ("name", sa.String(20)),
        "varchar without a limit": ("name", sa.String()),
        "varchar to text": ("name", sa.Text()),
        "varchar to text, indexed": ("code", sa.Text()),
        "varchar to text, checked": ("checked", sa.Text()),
        "text to varchar": ("txt", sa.String()),
        "text to varchar(200)": ("txt", sa.String(200)),
        "varchar to char": ("name", sa.CHAR(60)),
        "char longer": ("ch", sa.CHAR(20)),
        "char to varchar": ("ch", sa.String(20)),
        "char to text": ("ch", sa.Text()),
        "numeric with more digits": ("num", sa.Numeric(12, 2)),
        "numeric without a limit": ("num", sa.Numeric()),
        "numeric with another scale": ("num", sa.Numeric(12, 4)),
        "numeric with fewer digits": ("num", sa.Numeric(8, 2)),
        "real to double": ("rl", sa.Double()),
        "double to numeric": ("price", sa.Numeric()),
        "date to timestamp": ("dt", sa.DateTime()),
        "enum to text": ("s", sa.Text()),
        "timestamp with a limit": ("ts", sa.dialects.postgresql.TIMESTAMP(precision=3)),
        "timestamp(3) to (6)": ("ts3", sa.dialects.postgresql.TIMESTAMP(precision=6)),
        "time(3) to (6)": ("tm", sa.dialects.postgresql.TIME(precision=6)),
    }
    cases: list[Case] = []

    for name, (column, type_) in changes.items():

        def change(op: t.Any, column: str = column, type_: t.Any = type_) -> None:
            op.alter_column("t", column, type_=type_)

        cases.append(Case(name=name, change=change))

    zoned = sa.DateTime(timezone=True)
    return [
        *cases,
        Case(
            name="timestamp to timestamptz, in UTC",
            change=lambda op: op.alter_column("t", "ts", type_=zoned),
            settings=UTC,
        ),
        Case(
            name="timestamp to timestamptz, elsewhere",
            change=lambda op: op.alter_column("t", "ts", type_=zoned),
            settings=PARIS,
        ),
        Case(
            name="timestamptz to timestamp, in UTC",
            change="alter table t alter tstz type timestamp",
            settings=UTC,
        ),
        Case(
            name="timestamptz to timestamp, elsewhere",
            change="alter table t alter tstz type timestamp",
            settings=PARIS,
        ),
    ]


CASES = [
    *_types(),
    *make_cases(
        {
            "bigint to int": "alter table late alter wide type int",
            "using": "ALTER TABLE t ALTER a TYPE text USING a::text",
            "text to enum": "alter table t alter txt type st using 'new'::st",
            "json to jsonb": "alter table t alter column js set data type jsonb",
            "text to json": "alter table t alter txt type json using '{}'::json",
            "cidr to inet": "alter table t alter ip type inet",
            "varbit longer": "alter table t alter vb type bit varying(16)",
            "xml to text": "alter table t alter x type text",
            "array longer": "alter table t alter va type varchar(20)[]",
            "int to domain": "alter table t alter a type dom",
            "int to checked domain": "alter table t alter a type domc",
            "same type": "alter table t alter a type int4",
            "collation": 'alter table t alter txt type text collate "POSIX"',
            "collation, indexed": 'alter table t alter txti type text collate "POSIX"',
            "add column": lambda op: op.add_column("t", sa.Column("n", sa.Integer())),
            "add column, default": lambda op: op.add_column(
                "t", sa.Column("n", sa.Integer(), server_default="5", nullable=False)
            ),
            "add column, now()": lambda op: op.add_column(
                "t", sa.Column("n", sa.DateTime(), server_default=sa.func.now())
            ),
            "add column, clock": "alter table t add n time default clock_timestamp()",
            "add column, uuid": lambda op: op.add_column(
                "t",
                sa.Column("n", sa.Uuid(), server_default=sa.text("gen_random_uuid()")),
            ),
            "add column, random": "alter table t add n float default (random() * 10)",
            "add column, volatile": "alter table t add n int default volf()",
            "add column, stable": "alter table t add n int default stabf()",
            "add column, serial": "alter table t add column n serial",
            "add column, identity": lambda op: op.add_column(
                "t", sa.Column("n", sa.Integer(), sa.Identity())
            ),
            "add column, stored": lambda op: op.add_column(
                "t", sa.Column("n", sa.Integer(), sa.Computed("a + 1", persisted=True))
            ),
            "add column, unique": lambda op: op.add_column(
                "t", sa.Column("n", sa.Integer(), unique=True)
            ),
            "add column, primary key": "alter table nopk add n serial primary key",
            "add column, references": "alter table t add column n int references r(id)",
            "add column, references, default": (
                "alter table t add n int default 1 references r"
            ),
            "add column, check": "alter table t add n int check (n > 0)",
            "add column, check, default": (
                "alter table t add n int default 1 constraint n_pos check (n > 0)"
            ),
            "add column, domain": "alter table t add n dom",
            "add column, checked domain": "alter table t add n domc",
            "add column, enum": "alter table t add n st default 'new'",
            "add column that is there": (
                "alter table t add column if not exists a int default volf()"
            ),
            "add two columns": "alter table t add n int, add m int default random()",
            "add column and foreign key": lambda op: op.add_column(
                "t", sa.Column("n", sa.Integer(), sa.ForeignKey("r.id"))
            ),
            "drop column": lambda op: op.drop_column("t", "flag"),
            "drop column, indexed": lambda op: op.drop_column("t", "code"),
            "drop column, foreign key": lambda op: op.drop_column("t", "r_id"),
            "drop column, cascade": "alter table t drop column id cascade",
            "drop column, view": "alter table t drop column vw cascade",
            "drop column that is not there": "alter table t drop column if exists zz",
            "set default": lambda op: op.alter_column("t", "a", server_default="3"),
            "drop default": lambda op: op.alter_column("t", "a", server_default=None),
            "set not null": lambda op: op.alter_column("t", "name", nullable=False),
            "set not null, proven": lambda op: op.alter_column(
                "t", "proven", nullable=False
            ),
            "set not null, proven by and": (
                "alter table t alter proven_too set not null"
            ),
            "set not null, check not valid": "alter table late alter a set not null",
            "set not null, already": "alter table t alter b set not null",
            "two set not null": (
                "alter table t alter a set not null, alter r_id set not null"
            ),
            "drop not null": lambda op: op.alter_column("t", "b", nullable=True),
            "statistics": "alter table t alter a set statistics 500",
            "storage": "alter table t alter txt set storage external",
            "identity": "alter table t alter b add generated by default as identity",
            "drop expression": "alter table t alter made drop expression",
            "add check": lambda op: op.create_check_constraint("ck", "t", "a > 0"),
            "add check, not valid": "alter table t add check (a > 0) not valid",
            "add unique": lambda op: op.create_unique_constraint("uq", "t", ["a"]),
            "add unique, index": (
                "alter table t add constraint uq unique using index ux_b"
            ),
            "add primary key": lambda op: op.create_primary_key("pk", "nopk", ["id"]),
            "add primary key, nullable": "alter table nopk add primary key (a)",
            "add primary key, index": (
                "alter table nopk add primary key using index ux_nopk_id"
            ),
            "add primary key, index, nullable": (
                "alter table nopk add constraint pk primary key using index ux_nopk_a"
            ),
            "add exclude": "alter table nopk add exclude using btree (a with =)",
            "add foreign key": lambda op: op.create_foreign_key(
                "fk", "late", "r", ["a"], ["id"]
            ),
            "add foreign key, not valid": lambda op: op.create_foreign_key(
                "fk", "late", "r", ["a"], ["id"], postgresql_not_valid=True
            ),
            "validate check": "alter table late validate constraint late_check",
            "validate foreign key": "alter table late validate constraint late_fk",
            "validate what is valid": "alter table t validate constraint fk_r",
            "drop foreign key": lambda op: op.drop_constraint("fk_r", "t"),
            "drop check": lambda op: op.drop_constraint("checked_long", "t"),
            "drop unique": lambda op: op.drop_constraint("uq_u", "t"),
            "drop primary key, cascade": "alter table t drop constraint t_pkey cascade",
            "alter constraint": "alter table t alter constraint fk_r deferrable",
            "rename constraint": "alter table t rename constraint uq_u to uq_v",
            "rename column": lambda op: op.alter_column("t", "a", new_column_name="z"),
            "rename odd column": 'alter table t rename "Odd, name" to even',
            "rename table": lambda op: op.rename_table("t", "t2"),
            "set schema": "alter table t set schema s2",
            "other schema": lambda op: op.add_column(
                "Bills", sa.Column("n", sa.Integer()), schema="s2"
            ),
            "other schema, type": (
                'ALTER TABLE s2."Bills" /* big; */ ALTER "Sum" TYPE bigint -- now'
            ),
            "fillfactor": "alter table t set (fillfactor = 80)",
            "autovacuum": "alter table t set (autovacuum_enabled = false)",
            "cluster on": "alter table t cluster on ix_code",
            "unlogged": "alter table nopk set unlogged",
            "owner": "alter table t owner to current_user",
            "replica identity": "alter table t replica identity full",
            "row security": "alter table t enable row level security",
            "disable trigger": "alter table t disable trigger tg",
            "inherit": "alter table nopk inherit par",
            "attach partition": (
                "alter table p attach partition pq"
                " for values from ('2021-01-01') to ('2022-01-01')"
            ),
            "attach partition, default": (
                "alter table rest attach partition pq"
                " for values from ('2021-01-01') to ('2022-01-01')"
            ),
            "create partition, default": (
                "create table rest_3 partition of rest"
                " for values from ('2023-01-01') to ('2024-01-01')"
            ),
            "drop column of partitions": "alter table rest drop id",
            "detach partition": "alter table p detach partition p1",
            "add column to partitions": "alter table p add column n int",
            "create index": lambda op: op.create_index("ix", "t", ["a"]),
            "create unique index": lambda op: op.create_index(
                "ix", "t", ["a"], unique=True
            ),
            "create index, partial": "create index on t (lower(name)) where a > 10",
            "create index on partitions": "create index ix on p (id)",
            "create index on only": "create index ix on only p (id)",
            "create index that is there": "create index if not exists ix_code on t (a)",
            "drop index": lambda op: op.drop_index("ix_code"),
            "rename index": "alter index ix_code rename to ix_c",
            "reindex index": "reindex index ix_code",
            "reindex table": "reindex table t",
            "create table": lambda op: op.create_table(
                "nt", sa.Column("id", sa.Integer(), primary_key=True)
            ),
            "create table, foreign key": lambda op: op.create_table(
                "nt",
                sa.Column("id", sa.Integer(), primary_key=True),
                sa.Column("t_id", sa.Integer(), sa.ForeignKey("t.id")),
                sa.Column("r_id", sa.Integer()),
                sa.ForeignKeyConstraint(["r_id"], ["r.id"]),
            ),
            "create table as": "create table nt as select * from t",
            "create table like": "create table nt (like t including all)",
            "create table, inherits": "create table nt (m int) inherits (par)",
            "create partition": (
                "create table p3 partition of p"
                " for values from ('2023-01-01') to ('2024-01-01')"
            ),
            "drop table": lambda op: op.drop_table("k"),
            "drop table, cascade": "drop table t cascade",
            "drop tables": "drop table if exists k, nothing",
            "drop partition": "drop table p1",
            "truncate": "truncate k",
            "truncate, cascade": "truncate table t cascade",
            "update": lambda op: op.execute("UPDATE t SET name = 'x' WHERE id > 3"),
            "update, foreign key": "update t set r_id = 2",
            "update from": "update t set name = r.code from r where r.id = t.r_id",
            "delete": "delete from k",
            "delete, referenced": "delete from r where id > 25",
            "delete, cascade": "delete from c where id > 5",
            "insert": "insert into r values (100, 'x'), (101, 'y')",
            "insert, foreign key": "insert into c (id, t_id) values (100, 1)",
            "insert select": "insert into nopk select id + 100, null from late",
            "select": "select count(*) from t join r on r.id = t.r_id",
            "comment on table": lambda op: op.create_table_comment("t", "it's; odd"),
            "comment on column": lambda op: op.alter_column("t", "a", comment="x"),
            "create view": "create view v9 as select * from nopk",
            "replace view": "create or replace view v as select vw, big as seen from t",
            "drop view": "drop view v",
            "refresh": "refresh materialized view mv",
            "refresh concurrently": "refresh materialized view concurrently mv",
            "create trigger": (
                "create trigger tg2 before update on t"
                " for each row execute function trg()"
            ),
            "drop trigger": "drop trigger tg on t",
            "create policy": "create policy pol on t using (true)",
            "create statistics": "create statistics stt on a, b from t",
            "alter sequence": "alter sequence sq increment by 2",
            "sequence of a column": "alter sequence sq owned by t.a",
            "enum value": "alter type st add value 'x'",
            "rename enum value": "alter type st rename value 'new' to 'newer'",
            "create type": lambda op: op.execute("CREATE TYPE st2 AS ENUM ('a;b')"),
            "domain check": "alter domain dom add constraint dck check (value > -1)",
            "domain check, not valid": (
                "alter domain dom add constraint dck check (value > -1) not valid"
            ),
            "grant": "grant select on t to public",
            "analyze": "analyze t",
            "cluster": "cluster t using ix_code",
            "lock": "lock table t in share row exclusive mode",
            "function": (
                "create function f() returns int language sql"
                " as $body$ select 1; select 2 $body$"
            ),
            "set": "set local work_mem = '64MB'",
        }
    ),
]

FAILURES = {
    "view": ("alter table t drop column vw", "v uses t.vw"),
    "view, type": ("alter table t alter big type text", "v uses t.big"),
    "generated": (
        "alter table t alter source type bigint",
        "a generated column uses t.source",
    ),
    "foreign key": ("drop table t", "the foreign key of c needs it"),
    "primary key": (
        "alter table t drop constraint t_pkey",
        "the foreign key of c needs t_pkey",
    ),
    "truncate": ("truncate r", "the foreign key of t needs it"),
    "index of a constraint": ("drop index uq_u", "the constraint uq_u of t needs it"),
    "column": ("alter table t add a int", "t has a column a"),
    "no column": ("alter table t drop column zz", "t has no column zz"),
    "no constraint": ("alter table t drop constraint zz", "t has no constraint zz"),
    "virtual": (
        "alter table t add n int generated always as (a + 1) virtual",
        "PostgreSQL before 18 has no virtual columns",
    ),
    "table": ("create table t (id int)", "there is a table t"),
    "index": ("create index ix_code on t (a)", "there is an index ix_code"),
}
"""What always fails, and why."""

REFUSALS = {
    "set not null": (
        "alter table t alter txti set not null",
        "rows of t with NULL in txti",
    ),
    "add not null": (
        "alter table t add n int not null",
        "any row of t: n has no value for it",
    ),
    "unique": (
        "alter table t add constraint uq unique (checked)",
        "duplicates in t.checked",
    ),
    "unique index": ("create unique index on t (s)", "duplicates in t.s"),
    "check": ("alter table t add check (a > 5)", "rows of t where a > 5 is false"),
    "foreign key": (
        "alter table nopk add foreign key (a) references c (id)",
        "rows of nopk whose a is not in c",
    ),
    "shorter": (
        "alter table t alter txt type varchar(2)",
        "values of t.txt longer than 2",
    ),
    "no number": (
        "alter table t alter name type int using name::int",
        "values of t.name that are no integer",
    ),
    "delete": ("delete from t where id = 1", "rows of c that point to t"),
    "partition": (
        "alter table p attach partition pq"
        " for values from ('2023-01-01') to ('2024-01-01')",
        "rows of pq outside of its bounds",
    ),
}
"""What the rows that are there refuse, and in which words it was foretold."""

APART = {
    "create index concurrently on t (a)": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    "drop index concurrently ix_code": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    "reindex table concurrently t": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    "reindex (concurrently) index ix_code": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    "vacuum t": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    "vacuum full t": LockLevel.ACCESS_EXCLUSIVE,
    "vacuum (full, analyze) t": LockLevel.ACCESS_EXCLUSIVE,
}
"""What cannot run in a transaction, and the lock on ``t`` that it asks for."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a server did.

    :param locks: the strongest on each relation that was there before.
    :param work: in the words of `Effect.work`.
    """

    locks: dict[str, LockLevel]
    work: set[str]


_LOCKS = """
    SELECT relation, mode FROM pg_locks
    WHERE pid = pg_backend_pid() AND locktype = 'relation'
"""
_FILES = """
    SELECT c.oid, c.relkind, n.nspname, c.relname, pg_relation_filenode(c.oid) AS file,
           coalesce((SELECT s.seq_scan FROM pg_stat_xact_user_tables s
                     WHERE s.relid = c.oid), 0) AS scans
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 's2') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
"""
_NOTICES = {
    'verifying table "': "scan",
    "validating foreign key constraint": "foreign key check",
    'building index "': "index build",
}


class Meter:
    """Runs statements in a transaction, looks at what they hold, and rolls back."""

    def __init__(self, connection: sa.Connection) -> None:
        self._driver = connection.connection.driver_connection
        self._driver.add_notice_handler(self._hear)
        self._notices: list[str] = []

    def _hear(self, notice: t.Any) -> None:
        self._notices.append(notice.message_primary)

    def measure(self, case: Case, statements: list[str]) -> list[Measured]:
        """Return what each statement did, in one transaction of its own."""
        with self._driver.transaction(force_rollback=True):
            for setting in case.settings:
                self._driver.execute(setting)

            return [self._measure(sql) for sql in statements]

    def _measure(self, sql: str) -> Measured:
        before = {row[0]: row for row in self._driver.execute(_FILES).fetchall()}
        names = {row[0]: _name(row[2], row[3]) for row in before.values()}
        self._driver.execute("SET LOCAL client_min_messages = debug1")
        self._notices.clear()
        rows = self._driver.execute(sql).rowcount
        heard = list(self._notices)
        self._driver.execute("SET LOCAL client_min_messages = warning")
        after = {row[0]: row for row in self._driver.execute(_FILES).fetchall()}
        locks = self._driver.execute(_LOCKS).fetchall()
        held = [(names[oid], _read_mode(mode)) for oid, mode in locks if oid in names]
        return Measured(
            locks={name: _strongest(held, name) for name, _ in held},
            work=self._read_work(sql, rows, heard, before, after),
        )

    def _read_work(
        self,
        sql: str,
        rows: int,
        heard: list[str],
        before: dict[int, t.Any],
        after: dict[int, t.Any],
    ) -> set[str]:
        changed = any(
            row[4] != before[oid][4] and row[1] != "S"
            for oid, row in after.items()
            if oid in before
        )
        scans = sum(row[5] - before[o][5] for o, row in after.items() if o in before)
        verb = sql.split()[0].lower()

        if verb == "truncate":
            # New files, but nothing is written to them.
            return set()

        found = {
            work
            for text, work in _NOTICES.items()
            for line in heard
            if text in line and "pg_toast" not in line
        }
        if scans and (sql.startswith("alter domain") or " partition of " in sql):
            # The server does not speak of it.
            found.add("scan")

        made = {
            _name(row[2], row[3]) for oid, row in after.items() if oid not in before
        }
        mentioned = " ".join(heard)

        if made and all(name in mentioned for name in made):
            # Of a table that it has just made.
            found.discard("index build")

        if verb == "refresh" and not changed:
            # Row by row, which no counter shows.
            found.add("rows")

        if changed:
            found = (found - {"scan", "index build"}) | {"rewrite"}

        if (verb in {"update", "delete"} or " select" in sql) and rows >= 0:
            found |= {"rows"} if verb not in {"select"} else set()

        return found


def _name(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _strongest(held: list[tuple[str, LockLevel]], name: str) -> LockLevel:
    levels = [level for one, level in held if one == name]
    return max(levels, key=list(LockLevel).index)


def _read_mode(mode: str) -> LockLevel:
    words = "".join(f" {c}" if c.isupper() else c for c in mode.removesuffix("Lock"))
    return LockLevel(words.strip().upper())


def judge(measured: Measured) -> Impact:
    """Return what it meant for others, by what was measured."""
    levels = measured.locks.values()
    reads = LockLevel.ACCESS_EXCLUSIVE in levels
    writes = any(level.blocks_writes for level in levels)

    if not measured.work:
        brief = Impact.BRIEF_WRITES if writes else Impact.FREE
        return Impact.BRIEF if reads else brief

    if reads or writes:
        return Impact.LONG if reads else Impact.LONG_WRITES

    return Impact.ROWS if measured.work == {"rows"} else Impact.ONLINE
