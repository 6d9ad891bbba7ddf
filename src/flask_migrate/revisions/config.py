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

from ..errors import RevisionFileError


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
        parser = configparser.ConfigParser(self.config_args)

        try:
            parser.read([path] if self.config_file_name else [], encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            raise RevisionFileError(
                f"{path} cannot be read: {str(error).splitlines()[0]}",
                path=str(path),
                line=getattr(error, "lineno", None),
                hint="Correct the file, or delete it: it is optional.",
            ) from error

        if not parser.has_section(self.config_ini_section):
            parser.add_section(self.config_ini_section)

        return parser


alembic_version: tuple[int, ...] = tuple(
    int(part) for part in re.findall(r"\d+", alembic.__version__)[:3]
)
"""The first three numbers of the version of Alembic that is installed."""
