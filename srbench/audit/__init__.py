"""Figures of generated pictures, and the judge that tells them from photographs."""
