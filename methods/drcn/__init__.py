"""DRCN: one convolution applied many times (Kim et al., 2016)."""
