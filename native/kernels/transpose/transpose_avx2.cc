#include "kernels/transpose/transpose.inl"
