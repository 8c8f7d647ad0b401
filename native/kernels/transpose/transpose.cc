#include "kernels/transpose/transpose.h"

#define PLUMLINE_KERNELS TransposeKernels
#define PLUMLINE_OBJECT kTranspose
#define PLUMLINE_SELECT transpose_kernels
#include "kernels/dispatch.inc"
