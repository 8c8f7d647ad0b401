#include "kernels/integer_tiles/integer_tiles.inl"
