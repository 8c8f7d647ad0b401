#include "kernels/linear_planes/linear_planes.inl"
