"""Makes weights: patches of photographs, losses, the training loop and its checkpoints."""
