#include "kernels/reduce/reduce.inl"
