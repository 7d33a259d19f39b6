"""What kind of work is it? The classifier, its bundle and its training."""
