"""The design of an opinion study: what is shown to whom, in which order, and what it can find out."""
