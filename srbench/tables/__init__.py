"""Every table there is, on the terminal and in reports."""
