"""Side by side with Flask-Migrate: its commands, its repositories, its own tests."""
