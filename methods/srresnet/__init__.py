"""SRResNet: a deep residual network (Ledig et al., 2017)."""
