"""SRGAN: SRResNet trained against a discriminator (Ledig et al., 2017)."""
