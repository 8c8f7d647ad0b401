#include "kernels/softmax/softmax.inl"
