#include "kernels/limbs/limbs.inl"
