#include "kernels/planes/planes.inl"
