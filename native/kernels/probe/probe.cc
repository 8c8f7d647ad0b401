#include "kernels/probe/probe.h"

#define PLUMLINE_KERNELS ProbeKernels
#define PLUMLINE_OBJECT kProbe
#define PLUMLINE_SELECT probe_kernels
#include "kernels/dispatch.inc"
