"""Opinion studies: stimuli from a run, a frozen design, a schedule per rater, and a store that loses nothing."""
