"""The run: every method on every image, its journal, its table and what it was made with."""
