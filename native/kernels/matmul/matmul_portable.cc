#include "kernels/matmul/matmul.inl"
