#include "kernels/integer_tables/integer_tables.inl"
