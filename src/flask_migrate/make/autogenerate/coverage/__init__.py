"""What Alembic's own comparison does not see, one noun a file."""
