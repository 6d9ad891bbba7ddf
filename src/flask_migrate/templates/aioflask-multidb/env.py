"""What Alembic runs for this repository.

Everything comes from the application. With ``two_phase=True`` all databases commit
together or not at all, where every one of them can (PostgreSQL).
"""

from flask import current_app

current_app.extensions["migrate"].run_env(multidb=True, two_phase=False)
