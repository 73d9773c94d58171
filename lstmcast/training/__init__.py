"""One network taught: the loop, its setup, workers, checkpoint and budget."""
