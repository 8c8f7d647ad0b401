#include "kernels/softmax/softmax.h"

#define PLUMLINE_KERNELS SoftmaxKernels
#define PLUMLINE_OBJECT kSoftmax
#define PLUMLINE_SELECT softmax_kernels
#include "kernels/dispatch.inc"
