"""ESPCN: convolutions at LR size and a pixel shuffle (Shi et al., 2016)."""
