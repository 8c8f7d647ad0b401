#include "kernels/probe/probe.inl"
