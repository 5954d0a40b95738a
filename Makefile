.PHONY: check lint test docs coverage

check: lint test docs

lint:
	ruff check .
	ruff format --check .
	mypy

test:
	pytest

docs:
	zensical build --strict

# What the tests run of the code, with a floor (pyproject.toml): a quarter slower than `make test` before Python 3.12.
coverage:
	pytest --cov --cov-report=term
