"""Pages for a browser: one file each, which asks nothing of any network and loses nothing without its script."""
