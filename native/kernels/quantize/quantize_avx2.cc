#include "kernels/quantize/quantize.inl"
