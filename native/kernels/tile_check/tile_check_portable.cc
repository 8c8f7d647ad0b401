#include "kernels/tile_check/tile_check.inl"
