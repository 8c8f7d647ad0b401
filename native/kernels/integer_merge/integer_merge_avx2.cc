#include "kernels/integer_merge/integer_merge.inl"
