#include "kernels/linear_dense/linear_dense.inl"
