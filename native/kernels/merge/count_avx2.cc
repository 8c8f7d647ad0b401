#include "kernels/merge/count.inl"
