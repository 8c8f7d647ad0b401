#include "kernels/elementwise/elementwise.h"

#define PLUMLINE_KERNELS ElementwiseKernels
#define PLUMLINE_OBJECT kElementwise
#define PLUMLINE_SELECT elementwise_kernels
#include "kernels/dispatch.inc"
