"""Networks that suites measure: made here from weights of known patterns, or read from files."""
