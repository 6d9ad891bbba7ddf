"""Which probable renames are taken: what was declared, what is sure, what is asked."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

from ....errors import BadOption
from ....errors import RenameUnanswered
from ....questions import RenameQuestion
from ..comparison import Comparison
from .declared import Declarations
from .matching import Dropped
from .matching import Match
from .matching import match_columns
from .matching import match_tables
from .names import Names
from .names import Sides
from .names import spell

Matcher = cabc.Callable[[], list[Match]]


def decide(sides: Sides, comparison: Comparison) -> Names:
    """Return the renames of one database.

    :param comparison: its answers are believed; its ``ask`` is asked for the rest.
    :raises RenameUnanswered: for what nobody has answered.
    """
    return Decision(sides=sides, comparison=comparison).make()


@dataclasses.dataclass(slots=True, kw_only=True)
class Decision:
    """What is decided so far.

    :param open: what nobody has answered.
    """

    sides: Sides
    comparison: Comparison
    names: Names = dataclasses.field(default_factory=Names)
    dropped: Dropped = dataclasses.field(default_factory=Dropped)
    open: list[RenameQuestion] = dataclasses.field(default_factory=list)

    def make(self) -> Names:
        """Decide about tables, then about the columns of those that stay.

        :raises RenameUnanswered: for what nobody has answered.
        """
        sides, names, dropped = self.sides, self.names, self.dropped
        declarations = Declarations(
            sides=sides,
            names=names,
            dropped=dropped,
            flags=self.comparison.answers.renamed,
            notes=self.comparison.notes,
            unmatched=self.comparison.unmatched,
        )
        declarations.apply_tables()
        self._settle(lambda: match_tables(sides, names, dropped=dropped))
        declarations.apply_columns()
        self._settle(lambda: match_columns(sides, names, dropped=dropped))

        if self.open:
            raise self._make_error()

        return names

    def _settle(self, find: Matcher) -> None:
        """Decide about every match; an answer may lead to others."""
        policy = self.comparison.answers.renames

        while policy != "never" and (matches := find()):
            doubtful = [one for one in matches if policy == "ask" or not one.is_sure]

            for match in matches:
                if match not in doubtful:
                    self._accept(match, match.new, "")

            if doubtful:
                self._ask(doubtful)

    def _ask(self, matches: list[Match]) -> None:
        questions = {one: self._make_question(one) for one in matches}
        ask = self.comparison.askers.rename
        answers = ask(tuple(questions.values())) if ask is not None else {}

        for match, question in questions.items():
            answer = answers.get(question.old)

            if answer is None:
                self.open.append(question)
                # What depends on it is found, and asked for, in the same breath.
                answer = match.new

            if answer and self._is_taken(match, answer):
                # Two were given one name; the second is asked about again.
                continue

            if answer:
                self._accept(match, answer, "confirmed; ")
            elif match.column is None:
                self.dropped.tables.add(match.table)
            else:
                self.dropped.columns.add((match.table, match.column))

    def _is_taken(self, match: Match, new: str) -> bool:
        """Tell whether another one has got this name since it was asked.

        :raises BadOption: it was never a choice.
        """
        if new not in (match.new, *match.others):
            raise BadOption(
                f"{spell(match.table, match.column)} cannot become {new}.",
                hint=f"It may become {' or '.join((match.new, *match.others))}.",
            )

        if match.column is None:
            return (match.table[0], new) in map(self.names.new_table, self.names.tables)

        return new in self.names.columns.get(match.table, {}).values()

    def _accept(self, match: Match, new: str, begin: str) -> None:
        reasons = ", ".join(match.case.describe()) if new == match.new else "chosen"
        self.names.add(match.table, match.column, new=new, reason=f"{begin}{reasons}")

    def _make_question(self, match: Match) -> RenameQuestion:
        schema, table = match.table
        return RenameQuestion(
            kind="table" if match.column is None else "column",
            old=spell(match.table, match.column),
            new=match.new,
            probability=round(match.case.probability, 3),
            evidence=match.case.describe(),
            rows=self.comparison.count_rows(table, schema),
            others=match.others,
        )

    def _make_error(self) -> RenameUnanswered:
        error = RenameUnanswered(tuple(self.open))

        for flag, reason in self.comparison.unmatched.items():
            error.add_line(f"--rename {flag} fits nothing here: {reason}.")

        return error
