"""What somebody has declared, in a model or by a flag."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.engine.default import DefaultDialect

from flask_migrate.errors import BadOption
from flask_migrate.errors import RenameUnanswered
from flask_migrate.make.autogenerate.comparison import Answers
from flask_migrate.make.autogenerate.comparison import Askers
from flask_migrate.make.autogenerate.comparison import Comparison
from flask_migrate.make.autogenerate.comparison import require_matched
from flask_migrate.make.autogenerate.renames.deciding import decide
from flask_migrate.make.autogenerate.renames.declared import choose_usable
from flask_migrate.make.autogenerate.renames.names import Names
from flask_migrate.make.autogenerate.renames.names import Sides
from flask_migrate.questions import RenameQuestion


def _sides(old: sa.MetaData, new: sa.MetaData) -> Sides:
    sides = [
        {(table.schema, table.name): table for table in metadata.tables.values()}
        for metadata in (old, new)
    ]
    return Sides(old=sides[0], new=sides[1], dialect=DefaultDialect())


def _schema(table: str, *columns: str, schema: str | None = None) -> sa.MetaData:
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    others = [sa.Column(name, sa.String(40)) for name in columns]
    sa.Table(table, metadata, key, *others, schema=schema)
    return metadata


def _decide(old: sa.MetaData, new: sa.MetaData, *flags: str) -> tuple[Names, list[str]]:
    comparison = Comparison(answers=Answers(renamed=flags, renames="never"))
    names = decide(_sides(old, new), comparison)
    require_matched([comparison])
    return names, comparison.notes


def test_hints_in_info() -> None:
    """A table and a column say in ``info`` what they were called."""
    metadata = sa.MetaData()
    sa.Table(
        "articles",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("headline", sa.String(40), info={"renamed_from": "title"}),
        info={"renamed_from": "posts"},
    )
    names, notes = _decide(_schema("posts", "title"), metadata)
    assert names.tables == {(None, "posts"): "articles"}
    assert names.columns == {(None, "posts"): {"title": "headline"}}
    assert notes == []


def test_hint_of_a_class() -> None:
    """A mapped class says it in an attribute, which its subclasses do not inherit."""

    class Base(orm.DeclarativeBase):
        pass

    class Article(Base):
        __tablename__ = "articles"
        __renamed_from__ = "posts"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    class Report(Article):
        __tablename__ = "reports"
        id: orm.Mapped[int] = orm.mapped_column(
            sa.ForeignKey("articles.id"), primary_key=True
        )

    names, notes = _decide(_schema("posts"), Base.metadata)
    assert names.tables == {(None, "posts"): "articles"}
    assert notes == []


def test_stale_hint() -> None:
    """A hint that was used is not used again, and the user is told once."""
    metadata = _schema("articles", "headline")
    metadata.tables["articles"].info["renamed_from"] = "posts"
    metadata.tables["articles"].columns["headline"].info["renamed_from"] = "title"
    names, notes = _decide(_schema("articles", "headline"), metadata)
    assert not names
    assert len(notes) == 2
    assert notes[0].startswith("articles: renamed_from = 'posts' is ignored")


@pytest.mark.parametrize(
    ("hints", "old", "new", "usable"),
    [
        ({"b": "a"}, "a", "b", "b"),
        ({"b": "a"}, "b", "b", ""),
        # The old name is still wanted: it is another column than before.
        ({"b": "a"}, "a", "ab", ""),
        ({"b": "a"}, "ab", "ab", ""),
        # A chain, before and after.
        ({"b": "a", "c": "b"}, "ab", "bc", "bc"),
        ({"b": "a", "c": "b"}, "bc", "bc", ""),
        # A circle looks the same before and after.
        ({"b": "a", "a": "b"}, "ab", "ab", ""),
    ],
)
def test_usable_hints(hints: dict[str, str], old: str, new: str, usable: str) -> None:
    """A hint is used while it says something that is still to be done."""
    assert choose_usable(hints, set(old), set(new)) == set(usable)


def test_flags_with_a_schema() -> None:
    """A table and a column of another schema can be named."""
    before = _schema("posts", "title", schema="blog")
    after = _schema("articles", "headline", schema="blog")
    flags = ("blog.posts:articles", "blog.posts.title:headline")
    names, _ = _decide(before, after, *flags)
    assert names.tables == {("blog", "posts"): "articles"}
    assert names.columns == {("blog", "posts"): {"title": "headline"}}


def test_flag_by_the_new_name_of_the_table() -> None:
    """A column may be named with what its table is called now."""
    flags = ("posts:articles", "articles.title:headline")
    names, _ = _decide(
        _schema("posts", "title"), _schema("articles", "headline"), *flags
    )
    assert names.columns == {(None, "posts"): {"title": "headline"}}


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("users.nam:full_name", "the table users has no column nam, it has id, name"),
        ("user.name:full_name", "the database has no user.name; its tables are users"),
        ("users.name:fullname", "the models have no column fullname there"),
        ("people:persons", "the database has no people; its tables are users"),
        ("users:persons", "the models have no table persons"),
        ("nonsense", "the database has no ; its tables are users"),
    ],
)
def test_flag_that_fits_nothing(flag: str, reason: str) -> None:
    """A flag that names nothing is refused, with what there is instead."""
    with pytest.raises(BadOption) as caught:
        _decide(_schema("users", "name"), _schema("users", "full_name"), flag)

    assert reason in caught.value.message


def test_flag_of_another_database() -> None:
    """A flag has to fit one of several databases."""
    sides = [
        _sides(_schema("users", "name"), _schema("users", "full_name")),
        _sides(_schema("logs", "line"), _schema("logs", "line")),
    ]
    answers = Answers(renamed=("users.name:full_name",))
    comparisons = [Comparison(answers=answers) for _ in sides]

    for side, comparison in zip(sides, comparisons, strict=True):
        decide(side, comparison)

    require_matched(comparisons)


def test_wrong_flag_beside_a_question() -> None:
    """Where a flag is misspelled, the error says so, and still has the right flags."""
    comparison = Comparison(answers=Answers(renamed=("users.nam:full_name",)))

    with pytest.raises(RenameUnanswered) as caught:
        decide(
            _sides(_schema("users", "name"), _schema("users", "full_name")), comparison
        )

    assert "has no column nam" in caught.value.message
    assert "--rename users.name:full_name" in str(caught.value.hint)
    (question,) = caught.value.to_dict()["questions"]
    assert question["answers"] == {
        "rename": "--rename users.name:full_name",
        "drop": "--rename users.name:",
    }


def test_really_dropped() -> None:
    """A flag without a new name says no, and what is left is asked about."""
    before, after = _schema("users", "name", "nick"), _schema("users", "full_name")
    answers = Answers(renamed=("users.name:",))

    with pytest.raises(RenameUnanswered) as caught:
        decide(_sides(before, after), Comparison(answers=answers))

    assert [one.old for one in caught.value.questions] == ["users.nick"]
    answers = Answers(renamed=("users.name:", "users.nick:"))
    assert not decide(_sides(before, after), Comparison(answers=answers))


def test_one_name_given_twice() -> None:
    """Who gives one new name to two columns is asked again about the second."""
    asked: list[RenameQuestion] = []

    def ask(questions: tuple[RenameQuestion, ...]) -> dict[str, str]:
        asked.extend(questions)
        return {
            one.old: "full_name" if "full_name" in (one.new, *one.others) else ""
            for one in questions
        }

    before = _schema("users", "name", "title")
    after = _schema("users", "full_name", "headline")
    names = decide(_sides(before, after), Comparison(askers=Askers(rename=ask)))
    assert list(names.columns.values()) == [{"name": "full_name"}]
    assert [one.old for one in asked].count("users.title") == 2


def test_answer_that_was_no_choice() -> None:
    """An answer that nobody offered is refused."""
    sides = _sides(_schema("users", "name"), _schema("users", "full_name"))

    with pytest.raises(BadOption, match=r"users\.name cannot become id"):
        decide(
            sides,
            Comparison(askers=Askers(rename=lambda questions: {"users.name": "id"})),
        )
