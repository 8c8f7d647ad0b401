#include "kernels/int8_tiles/int8_tiles.inl"
