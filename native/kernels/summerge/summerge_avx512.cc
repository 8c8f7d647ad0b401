#include "kernels/summerge/summerge.inl"
