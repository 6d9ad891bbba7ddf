"""The public ``Config``: Alembic's, with our templates and our reading of the file."""

from __future__ import annotations

import configparser
import functools
import pathlib
import re
import sys
import typing as t

import alembic
from alembic.config import Config as AlembicConfig

from ..errors import BadOption
from ..errors import RevisionFileError


class _Parser(configparser.ConfigParser):
    """Reads ``alembic.ini``, and says which value of it cannot be read."""

    def get(self, section: str, option: str, **options: t.Any) -> t.Any:  # type: ignore[override]
        """Return one value.

        :raises BadOption: it has a percent sign that means nothing.
        """
        try:
            return super().get(section, option, **options)
        except configparser.InterpolationError as error:
            raise BadOption(
                f"alembic.ini: {option} in [{section}] cannot be read: a percent sign"
                " in it leads nowhere.",
                hint="Write %% for each percent sign.",
            ) from error


class Config(AlembicConfig):
    """Alembic's configuration of one repository.

    :param template_directory: where ``flask db init`` finds its templates; the ones of
        this package unless it is given.
    """

    def __init__(
        self, *args: t.Any, template_directory: str | None = None, **kwargs: t.Any
    ) -> None:
        # Alembic's default was bound when it was imported; tests swap sys.stdout.
        kwargs.setdefault("stdout", sys.stdout)
        super().__init__(*args, **kwargs)
        self.template_directory = template_directory

    def get_template_directory(self) -> str:
        """Return the folder that holds one folder for each template."""
        if self.template_directory:
            return self.template_directory

        return str(pathlib.Path(__file__).resolve().parent.parent / "templates")

    @functools.cached_property
    def file_config(self) -> configparser.ConfigParser:
        """The values of ``alembic.ini``, which may be absent.

        Read as UTF-8: Alembic takes the encoding of the locale.

        :raises RevisionFileError: it cannot be read.
        """
        path = pathlib.Path(self.config_file_name or "alembic.ini").absolute()
        self.config_args["here"] = path.parent.as_posix()
        parser = _Parser(self.config_args)

        try:
            parser.read([path] if self.config_file_name else [], encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            line = getattr(error, "lineno", None)
            raise RevisionFileError(
                f"{path}{f', line {line},' if line else ''} cannot be read:"
                f" {str(error).splitlines()[0]}",
                path=str(path),
                line=line,
                hint="Correct the file, or delete it: it is optional.",
            ) from error

        if not parser.has_section(self.config_ini_section):
            parser.add_section(self.config_ini_section)

        return parser

    def set_section_option(self, section: str, name: str, value: str) -> None:
        """Set one value as if ``alembic.ini`` had it.

        :raises BadOption: it has a percent sign that is not doubled.
        """
        try:
            super().set_section_option(section, name, value)
        except ValueError:
            # The value is often a URL: its password stays out of every error.
            raise BadOption(
                f"The value of {name} has a percent sign that is not doubled.",
                hint="Write value.replace('%', '%%') in env.py.",
            ) from None


alembic_version: tuple[int, ...] = tuple(
    int(part) for part in re.findall(r"\d+", alembic.__version__)[:3]
)
"""The first three numbers of the version of Alembic that is installed."""
