#include "kernels/shared_tables/shared_tables.inl"
