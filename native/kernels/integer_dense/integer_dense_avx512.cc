#include "kernels/integer_dense/integer_dense.inl"
