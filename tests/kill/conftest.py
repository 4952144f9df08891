"""Django is ready before a test of this folder looks at the store."""

from tests.desk_fixtures import migrated_file, migrated_server

__all__ = ["migrated_file", "migrated_server"]
