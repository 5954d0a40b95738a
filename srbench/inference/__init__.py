"""Runs trained networks: fast, in little memory, on images of any size, gray or in colour."""
