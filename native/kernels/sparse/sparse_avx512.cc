#include "kernels/sparse/sparse.inl"
