#include "kernels/depthwise/depthwise.inl"
