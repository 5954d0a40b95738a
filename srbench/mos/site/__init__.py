"""The web site of an opinion study: the rater's pages and the organiser's."""
