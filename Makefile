.PHONY: check lint test docs

check: lint test docs

lint:
	ruff check .
	ruff format --check .
	mypy

test:
	pytest

docs:
	zensical build --strict
