"""What the engine's kernels execute, where it is more than a product with every weight."""
