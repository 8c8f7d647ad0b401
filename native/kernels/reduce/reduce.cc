#include "kernels/reduce/reduce.h"

#define PLUMLINE_KERNELS ReduceKernels
#define PLUMLINE_OBJECT kReduce
#define PLUMLINE_SELECT reduce_kernels
#include "kernels/dispatch.inc"
