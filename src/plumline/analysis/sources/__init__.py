"""What can be analysed: one file a kind of source."""
