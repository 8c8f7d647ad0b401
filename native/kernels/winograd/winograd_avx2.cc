#include "kernels/winograd/winograd.inl"
