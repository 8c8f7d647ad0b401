#include "kernels/code_images/code_images.inl"
