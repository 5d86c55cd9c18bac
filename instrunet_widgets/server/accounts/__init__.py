"""Users, their sessions and invitations, in one SQLite file."""
