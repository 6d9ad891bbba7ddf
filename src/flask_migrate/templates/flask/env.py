"""What Alembic runs for this repository.

Everything comes from the application; there is nothing to edit here.
"""

from flask import current_app

current_app.extensions["migrate"].run_env()
