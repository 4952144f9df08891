"""The desk's surroundings for the tests of this folder."""

from tests.desk_fixtures import desk, migrated_file, migrated_server, sqlite_desk, store

__all__ = ["desk", "migrated_file", "migrated_server", "sqlite_desk", "store"]
