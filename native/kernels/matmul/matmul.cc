#include "kernels/matmul/matmul.h"

#define PLUMLINE_KERNELS MatmulKernels
#define PLUMLINE_OBJECT kMatmul
#define PLUMLINE_SELECT matmul_kernels
#include "kernels/dispatch.inc"
