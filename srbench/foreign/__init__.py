"""Models of others: what they take and give, their weights, their code, and cards that describe all that."""
