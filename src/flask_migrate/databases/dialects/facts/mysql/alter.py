"""What the actions of ALTER TABLE do on MySQL and MariaDB."""

from __future__ import annotations

import collections.abc as cabc

from .....plan import Impact
from .....plan import LockLevel
from ...tokens import split
from ..definitions import read_column
from ..definitions import read_constraint
from ..definitions import starts_constraint
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from .columns import COLUMN_CLAUSES
from .columns import ColumnActions


class Alteration(ColumnActions):
    """One ALTER TABLE, action by action.

    :param catalog: the tables at this point of the plan.
    :param server: which one decides.
    :param draft: where the findings go.
    """

    def run(self, path: Path, actions: cabc.Iterable[Reader]) -> None:
        """Read the actions, and say what they take together."""
        self.open(path)

        for action in actions:
            for words, handler in _ACTIONS.items():
                if action.accept(*words):
                    handler(self, action)
                    break
            else:
                raise action.surprise("an action of ALTER TABLE")

            action.expect_end()

        self.finish()

    def add(self, action: Reader) -> None:
        """``ADD``: a column, several in parentheses, an index or a constraint."""
        kind = action.accept_any("INDEX", "KEY", "FULLTEXT", "SPATIAL")

        if kind:
            self.add_index(action, "INDEX" if kind == "KEY" else kind)
        elif action.starts("UNIQUE"):
            self.add_key(read_constraint(action))
        elif starts_constraint(action):
            self.add_constraint(read_constraint(action))
        else:
            action.accept("COLUMN")
            action.skip_if_exists()
            group = split(action.group()) if action.keyword == "(" else [action.rest()]

            for part in group:
                self.add_column(read_column(action.read(part), COLUMN_CLAUSES))

    def drop(self, action: Reader) -> None:
        """``DROP``: a column, an index, a constraint."""
        words = ("INDEX", "KEY", "PRIMARY", "FOREIGN", "CONSTRAINT", "CHECK")
        kind = action.accept_any(*words)
        action.accept("KEY" if kind in {"PRIMARY", "FOREIGN"} else "COLUMN")
        is_optional = action.skip_if_exists()
        name = "PRIMARY" if kind == "PRIMARY" else action.name()
        action.accept_any("CASCADE", "RESTRICT")

        if kind:
            self.drop_key(name, is_optional=is_optional)
        else:
            self.drop_column(name, is_optional=is_optional)

    def alter(self, action: Reader) -> None:
        """``ALTER``: a default, an index, a check."""
        if action.accept("INDEX") or action.accept("KEY"):
            action.rest()
            self.take("ignore index")
        elif action.accept_any("CHECK", "CONSTRAINT"):
            is_on = not has_words(action.rest(), "NOT", "ENFORCED")
            self.take("enforce check" if is_on else "add check, not enforced")
        else:
            self._alter_column(action)

    def rename(self, action: Reader) -> None:
        """``RENAME``: the table, a column, an index."""
        if action.accept("COLUMN"):
            self.rename_column(action)
        elif action.accept_any("INDEX", "KEY"):
            old = action.name()
            action.expect("TO")
            new = action.name()
            self.take("rename index")

            if key := self.table.key(old):
                key.name = new
        else:
            action.accept_any("TO", "AS")
            self.take("rename table")
            # By the name that it has now.
            self.draft.lock(self.table, LockLevel.LOCK_EXCLUSIVE)
            self.catalog.rename(self.path, action.path())

    def convert(self, action: Reader) -> None:
        """``CONVERT TO CHARACTER SET``."""
        action.rest()
        self.take("convert")

    def set_charset(self, action: Reader) -> None:
        """``DEFAULT CHARACTER SET``: for columns that are still to come."""
        action.rest()
        self.take("set charset")

    def set_engine(self, action: Reader) -> None:
        """``ENGINE=``: of the same engine, a rebuild."""
        action.accept("=")
        is_same = action.name().lower() == self.table.options.get("engine", "innodb")
        self.take("rebuild" if is_same else "copy")

    def rebuild(self, action: Reader) -> None:
        """``FORCE``, ``ROW_FORMAT=``."""
        action.rest()
        self.take("rebuild")

    def set_option(self, action: Reader) -> None:
        """``COMMENT=``, ``AUTO_INCREMENT=``: the table's own words."""
        action.rest()
        self.take("set option")


_ACTIONS: dict[tuple[str, ...], cabc.Callable[[Alteration, Reader], None]] = {
    ("ADD",): Alteration.add,
    ("DROP",): Alteration.drop,
    ("MODIFY",): Alteration.modify,
    ("CHANGE",): Alteration.change,
    ("ALTER",): Alteration.alter,
    ("RENAME",): Alteration.rename,
    ("CONVERT", "TO"): Alteration.convert,
    ("DEFAULT",): Alteration.set_charset,
    ("CHARACTER",): Alteration.set_charset,
    ("CHARSET",): Alteration.set_charset,
    ("COLLATE",): Alteration.set_charset,
    ("ENGINE",): Alteration.set_engine,
    ("FORCE",): Alteration.rebuild,
    ("ROW_FORMAT",): Alteration.rebuild,
    ("AUTO_INCREMENT",): Alteration.set_option,
    ("COMMENT",): Alteration.set_option,
    ("STATS_PERSISTENT",): Alteration.set_option,
    ("ALGORITHM",): Alteration.set_algorithm,
    ("LOCK",): Alteration.set_lock,
}


def judge(level: LockLevel, work: cabc.Collection[str]) -> Impact:
    """Return what a way means for others.

    Each DDL waits for a moment without any other statement on its table.
    """
    if not work:
        return Impact.BRIEF

    if level is LockLevel.LOCK_NONE:
        return Impact.ONLINE

    return Impact.LONG if level.blocks_reads else Impact.LONG_WRITES
