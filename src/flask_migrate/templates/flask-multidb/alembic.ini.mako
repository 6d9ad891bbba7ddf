# Alembic's configuration of this repository. Whimbrel works without this file too.

[alembic]
# How the files of revisions are named: by time, so that they sort by it.
file_template = %%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d%%(second).2d_%%(rev)s_%%(slug)s

# Set to true to run env.py for every new revision, not only with autogenerate.
# revision_environment = false

# How several paths are separated, in version_locations for example.
path_separator = os


# What follows is read by the env.py files of Flask-Migrate and of plain Alembic only:
# with Whimbrel the application's own logging stays as it is.
[loggers]
keys = root,sqlalchemy,alembic,flask_migrate

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARN
handlers = console
qualname =

[logger_sqlalchemy]
level = WARN
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[logger_flask_migrate]
level = INFO
handlers =
qualname = flask_migrate

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
datefmt = %H:%M:%S
