#include "kernels/pool/pool.h"

#define PLUMLINE_KERNELS PoolKernels
#define PLUMLINE_OBJECT kPool
#define PLUMLINE_SELECT pool_kernels
#include "kernels/dispatch.inc"
