#include "kernels/sub_images/sub_images.inl"
