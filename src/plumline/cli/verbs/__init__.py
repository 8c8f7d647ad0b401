"""One file a verb; each registers itself when it is imported, and imports little before it runs."""
