#include "kernels/pool/pool.inl"
