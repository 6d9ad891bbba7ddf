"""The commands that write revisions: revision, migrate, edit and merge."""

from __future__ import annotations

import pytest

from .apps import make_app
from .histories import LABELLED
from .histories import LINEAR
from .histories import MERGED
from .histories import NOTHING
from .histories import TWO_HEADS
from .places import Pair
from .places import Place
from .rows import each
from .rows import Row


def written(pair: Pair, name: str) -> str:
    """Return the code of a revision that both packages wrote alike.

    A comment at the margin and an empty line belong to the template, and may differ.
    """

    def read(place: Place) -> str:
        lines = place.read(f"migrations/versions/{name}").splitlines(keepends=True)
        return "".join(line for line in lines if line.strip() and line[0] != "#")

    return pair.same(read)


def identifiers(text: str) -> list[str]:
    """Return the lines of a revision that place it in the history."""
    names = ("revision =", "down_revision =", "branch_labels =", "depends_on =")
    return [line for line in text.splitlines() if line.startswith(names)]


def revisions(place: Place) -> list[str]:
    """Return the names of the files in ``versions``."""
    return place.files("migrations/versions")


def configure(place: Place, *lines: str) -> None:
    """Put lines into the ``[alembic]`` section, and take a default of ours out."""
    ini = place.folder / "migrations" / "alembic.ini"
    text = ini.read_text().replace("\npath_separator", "\n# path_separator")
    first = "[alembic]\n"
    ini.write_text(text.replace(first, first + "\n".join(lines) + "\n", 1))


# revision


def test_revision(pair: Pair) -> None:
    """An empty revision has a new id, the message in its name, and no database."""
    pair.init(LINEAR)
    result = pair.flask(["db", "revision", "-m", "Add  Big Things!"])
    assert result.stdout == (
        "Generating <folder>/migrations/versions/<id>_add_big_things.py ...  done\n"
    )
    assert pair.same(revisions)[0] == "<id>_add_big_things.py"
    assert pair.same(Place.tables) is None


OPTIONS = (
    Row("half way", "revision --rev-id abc999", "abc999_.py"),
    Row("half way", "revision -m 'to do' --rev-id abc999", "abc999_to_do.py"),
    Row("half way", "revision --rev-id abc999 --head ccc333"),
    Row("half way", "revision --rev-id abc999 --head bbb222 --splice"),
    Row("half way", "revision --rev-id abc999 --head aaa --splice"),
    Row("half way", "revision --rev-id abc999 --head base --splice"),
    Row("half way", "revision --rev-id abc999 --branch-label shop"),
    Row("labelled", "revision --rev-id abc999 --head people@head"),
    Row("labelled", "revision --rev-id abc999 --head sorting@head"),
    Row("two heads", "revision --rev-id abc999 --head ddd444"),
    Row("nothing", "revision --rev-id abc999 -m first"),
    Row("merged", "revision --rev-id abc999"),
)


@each(OPTIONS)
def test_revision_option(pair: Pair, row: Row) -> None:
    """Each option places the new file where the original places it."""
    row.run(pair)
    (name,) = (name for name in pair.same(revisions) if name.startswith("abc999"))
    assert identifiers(written(pair, name))[0] == "revision = 'abc999'"


EDIT = {"EDITOR": "true"}

REFUSED = (
    Row("half way", "revision --head bbb222", "not a head revision", 1),
    Row("half way", "revision --head zzz", "Can't locate revision", 1),
    Row("two heads", "revision", "Multiple heads are present", 1),
    Row("half way", "revision --rev-id bad@id", "not allowed in revision", 1),
    Row(
        "half way",
        "revision --version-path nowhere",
        "is not represented in current",
        1,
    ),
    Row("half way", "revision --sql", "Using --sql with the revision command", 1),
    Row("at the head", "migrate --sql", "Using --sql with --autogenerate", 1),
    Row("half way", "revision -x a=1", "No such option", 2),
    Row("half way", "revision something", "unexpected extra argument", 2),
    Row("half way", "edit base", "", 1),
    Row("half way", "edit zzz", "Can't locate revision", 1),
    Row("two heads", "edit", "Multiple head revisions are present", 1),
    Row("two heads", "merge zzz ddd444", "Can't locate revision", 1),
)


@each(REFUSED)
def test_refused(pair: Pair, row: Row) -> None:
    """What cannot be done is refused with the same words, and no file is written."""
    row.lay(pair)
    before = pair.same(revisions)
    pair.flask(f"db {row.command}", code=row.code, says=row.says, variables=EDIT)
    assert pair.same(revisions) == before


def test_revision_version_path(pair: Pair) -> None:
    """A second folder of revisions is used when it is named."""
    pair.init(LINEAR)
    for place in pair.both:
        lines = "version_locations = migrations/versions migrations/more"
        configure(place, lines, "path_separator = space")

    pair.flask("db revision --rev-id abc999 --version-path migrations/more")
    assert pair.same(lambda place: place.files("migrations/more")) == ["abc999_.py"]
    pair.flask("db heads", stdout="abc999 (head)\n")


def test_revision_follows_the_ini(pair: Pair) -> None:
    """``file_template`` names the file, ``truncate_slug_length`` cuts it."""
    pair.init(LINEAR)
    for place in pair.both:
        pattern = "file_template = at_%%(rev)s_%%(slug)s"
        configure(place, pattern, "truncate_slug_length = 9")

    pair.flask(["db", "revision", "--rev-id", "abc999", "-m", "one two three"])
    assert "at_abc999_one_two_.py" in pair.same(revisions)


def test_revision_needs_no_environment(pair: Pair) -> None:
    """An empty revision does not run ``env.py``, unless the ini asks for it."""
    pair.init(LINEAR)
    pair.write("migrations/env.py", "raise SystemExit('env.py ran')\n")
    pair.flask("db revision --rev-id abc999")
    for place in pair.both:
        configure(place, "revision_environment = true")

    pair.flask("db revision --rev-id abd999", code=1, says="env.py ran")
    assert "abd999_.py" not in pair.same(revisions)


# migrate


@pytest.mark.parametrize("command", ["migrate", "revision --autogenerate"])
def test_first_migrate(pair: Pair, command: str) -> None:
    """The models of a new application become a revision, the same to the byte."""
    pair.init(NOTHING)
    pair.flask(f"db {command} --rev-id abc999 -m models")
    text = written(pair, "abc999_models.py")
    assert [line.strip() for line in text.splitlines() if "_table(" in line] == [
        "op.create_table('posts',",
        "op.create_table('tags',",
        "op.create_table('users',",
        "op.drop_table('users')",
        "op.drop_table('tags')",
        "op.drop_table('posts')",
    ]


CHANGES = {
    "a table more": (
        make_app("users", "posts", "tags", "votes"),
        "create_table('votes'",
    ),
    "a table less": (make_app("users", "posts"), "drop_table('tags')"),
    "a column more": (
        make_app("users", "posts", "tags")
        + "\nUsers.email = db.Column(db.String(99), index=True, unique=True)\n",
        "batch_op.add_column(sa.Column('email', sa.String(length=99), nullable=True))",
    ),
    "another type": (
        make_app("users", "posts", "tags")
        + "\nUsers.__table__.c.name.type = db.String(99)\n",
        "existing_type=sa.VARCHAR(length=50),",
    ),
    "a foreign key": (
        make_app("users", "posts", "tags")
        + "\nPosts.user_id = db.Column(db.ForeignKey('users.id', name='author'))\n",
        "batch_op.create_foreign_key('author', 'users', ['user_id'], ['id'])",
    ),
    "not null": (
        make_app("users", "posts", "tags")
        + "\nUsers.__table__.c.name.nullable = False\n",
        "nullable=False",
    ),
    "without batch": (
        make_app("users", "posts", "tags", arguments="render_as_batch=False")
        + "\nUsers.email = db.Column(db.String(99))\n",
        "    op.add_column('users', sa.Column('email', sa.String(length=99),",
    ),
    "without types": (
        make_app("users", "posts", "tags", "votes", arguments="compare_type=False")
        + "\nUsers.__table__.c.name.type = db.Integer()\n",
        "op.create_table('votes'",
    ),
    "chosen objects": (
        make_app(
            "users",
            "posts",
            "tags",
            "votes",
            "later",
            arguments="include_object=lambda o, name, *rest: name != 'later'",
        ),
        "op.create_table('votes'",
    ),
}
"""An application whose models are ahead of the database, and what is drafted."""


@pytest.mark.parametrize("change", CHANGES)
def test_migrate(pair: Pair, change: str) -> None:
    """A change of the models becomes the same file, to the byte."""
    app, expected = CHANGES[change]
    pair.init(LINEAR, at=["ccc333"], app=app)
    pair.flask(["db", "migrate", "--rev-id", "abc999", "-m", change])
    text = written(pair, f"abc999_{change.replace(' ', '_')}.py")
    assert expected in text
    assert "later" not in text


def test_nothing_changed(pair: Pair) -> None:
    """Models that agree with the database are no revision, and no error."""
    pair.init(LINEAR, at=["ccc333"])
    before = pair.same(revisions)
    pair.flask("db migrate", stdout="", says="No changes in schema detected.")
    assert pair.same(revisions) == before


def test_migrate_runs_no_revision(pair: Pair) -> None:
    """`migrate` writes a file; the tables of the database stay as they are."""
    pair.init(LINEAR, at=["ccc333"], app=make_app("users", "posts"))
    pair.flask("db migrate --rev-id abc999 -m less")
    assert "tags" in (pair.same(Place.tables) or [])
    assert pair.same(Place.versions) == ["ccc333"]


@pytest.mark.parametrize("command", ["migrate", "revision"])
def test_versions_folder_is_made_again(pair: Pair, command: str) -> None:
    """Git keeps no empty folder, so `versions` is missing in a fresh clone."""
    pair.init(NOTHING)
    for place in pair.both:
        (place.folder / "migrations" / "versions").rmdir()

    pair.flask("db heads", stdout="")
    pair.flask(f"db {command} --rev-id abc999 -m first")
    assert pair.same(revisions) == ["abc999_first.py"]


@pytest.mark.parametrize(
    "options",
    ["--head ccc333", "--branch-label shop", "--head head --splice", "-x a=1 -x b=2"],
)
def test_migrate_option(pair: Pair, options: str) -> None:
    """`migrate` takes what `revision` takes."""
    pair.init(LINEAR, at=["ccc333"], app=make_app("users", "posts"))
    pair.flask(f"db migrate --rev-id abc999 -m less {options}")
    assert "down_revision = 'ccc333'" in identifiers(written(pair, "abc999_less.py"))


def test_migrate_with_two_heads(pair: Pair) -> None:
    """With two heads the new revision would have no place."""
    tables = ("users", "posts", "tags", "votes")
    pair.init(TWO_HEADS, at=["bbb222", "ddd444"], app=make_app(*tables))
    before = pair.same(revisions)
    pair.flask("db migrate", code=1, says="Multiple heads are present")
    assert pair.same(revisions) == before


def test_migrate_on_a_branch(pair: Pair) -> None:
    """With several branches one is named, and grows."""
    tables = ("users", "posts", "tags", "votes")
    pair.init(LABELLED, at=["bbb222", "fff666"], app=make_app(*tables))
    pair.flask("db migrate --rev-id abc999 -m more --head sorting@head")
    assert "down_revision = 'fff666'" in identifiers(written(pair, "abc999_more.py"))


# edit

EDITOR = "#!/bin/sh\nfor file; do basename $file; done; echo '# edited' >> $1\n"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("", "ccc333_add_tags.py"),
        ("head", "ccc333_add_tags.py"),
        ("bbb", "bbb222_add_posts.py"),
        ("current", "aaa111_add_users.py"),
    ],
)
def test_edit(pair: Pair, typed: str, name: str) -> None:
    """`edit` opens the file of one revision in the reader's editor."""
    pair.init(LINEAR, at=["aaa111"])
    for place in pair.both:
        editor = place.write("editor", EDITOR)
        editor.chmod(0o755)
        result = place.flask(f"db edit {typed}", EDITOR=str(editor))
        assert result.exit_code == 0, result.output
        assert result.stdout == f"{name}\n"

    path = f"migrations/versions/{name}"
    assert pair.same(lambda place: place.read(path)).endswith("# edited\n")


def test_edit_without_an_editor(pair: Pair) -> None:
    """Without an editor nothing is opened, and the variable is named."""
    pair.init(LINEAR)
    pair.flask("db edit", code=1, says="EDITOR", variables={"PATH": "/nonexistent"})


# merge

MERGES = (
    Row("two heads", "merge heads --rev-id abc999"),
    Row("two heads", "merge bbb222 ddd444 --rev-id abc999"),
    Row("two heads", "merge bbb ddd --rev-id abc999"),
    Row("two heads", "merge heads -m 'both of them' --rev-id abc999"),
    Row("two heads", "merge --branch-label one heads --rev-id abc999"),
    Row("labelled", "merge people@head sorting@head --rev-id abc999"),
    Row("labelled", "merge heads --rev-id abc999"),
)


@each(MERGES)
def test_merge(pair: Pair, row: Row) -> None:
    """Two heads become one, by their names or by `heads`."""
    row.run(pair)
    (name,) = (name for name in pair.same(revisions) if name.startswith("abc999"))
    assert "', '" in identifiers(written(pair, name))[1]
    assert pair.flask("db heads").stdout.startswith("abc999 ")


def test_merge_has_a_message(pair: Pair) -> None:
    """A merge without a message says what it merges."""
    pair.init(TWO_HEADS)
    pair.flask("db merge bbb222 ddd444 --rev-id abc999")
    assert pair.same(revisions)[1] == "abc999_.py"
    assert written(pair, "abc999_.py").startswith('"""')


def test_merge_is_run_like_any_other(pair: Pair) -> None:
    """A merge is upgraded to and downgraded from."""
    pair.init(MERGED, at=["bbb222", "ddd444"])
    pair.flask("db upgrade")
    assert pair.same(Place.versions) == ["eee555"]
    pair.flask("db downgrade bbb222")
    assert pair.same(Place.versions) == ["bbb222", "ddd444"]
    pair.flask("db upgrade")
    pair.flask("db downgrade aaa111")
    assert pair.same(Place.versions) == ["aaa111"]
