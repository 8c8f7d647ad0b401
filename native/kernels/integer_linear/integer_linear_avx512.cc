#include "kernels/integer_linear/integer_linear.inl"
