#include "kernels/elementwise/elementwise.inl"
