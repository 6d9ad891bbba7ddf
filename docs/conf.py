"""How Sphinx builds these pages: `make docs`, without a warning."""

from __future__ import annotations

import importlib.metadata
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# The theme sets up logging for the whole process, and Alembic has much to say.
logging.getLogger("alembic").setLevel(logging.WARNING)

project = "Whimbrel"
copyright = "the Whimbrel maintainers"
version = release = importlib.metadata.version("whimbrel")

extensions = ["myst_parser", "sphinx.ext.autodoc", "reference"]
exclude_patterns = ["_build", "_ext"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"Whimbrel {release}"
