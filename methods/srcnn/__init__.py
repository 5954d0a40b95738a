"""SRCNN: the first convolutional network for super-resolution (Dong et al., 2014)."""
