"""The database of an opinion study, seen by those who write and read it."""
