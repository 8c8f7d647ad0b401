#include "kernels/dense/dense.inl"
