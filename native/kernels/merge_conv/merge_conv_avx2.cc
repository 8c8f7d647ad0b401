#include "kernels/merge_conv/merge_conv.inl"
