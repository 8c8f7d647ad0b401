"""Which regions are positive."""

import math

import pytest
import torch

from plumline import SignedBinary


def signs(scheme, shape):
    return scheme.quantizer(torch.ones(shape)).sign


@pytest.mark.parametrize("filters", [1, 2, 7, 64])
def test_whole_filters_first_ones_positive(filters):
    positive = filters // 2
    expected = [[1.0]] * positive + [[-1.0]] * (filters - positive)
    assert signs(SignedBinary(), (filters, 4, 3, 3)).tolist() == expected


@pytest.mark.parametrize("share", [0, 0.25, 0.29, 0.5, 0.75, 1])
@pytest.mark.parametrize("slabs", [1, 2, 4])
def test_share_of_positive_regions(share, slabs):
    sign = signs(SignedBinary(positive_share=share, region_channels=4 // slabs), (100, 4))
    assert (sign > 0).sum() == round(share * 100 * slabs)
    per_filter = (sign > 0).sum(1)
    assert per_filter.min() >= math.floor(share * slabs)
    assert per_filter.max() <= math.ceil(share * slabs)


def test_two_slabs_have_both_signs_in_every_filter_and_every_slab():
    sign = signs(SignedBinary(region_channels=8), (32, 16, 3, 3))
    assert sign.shape == (32, 2)
    assert (sign.sum(1) == 0).all()
    assert (sign.sum(0) == 0).all()


def test_given_signs_replace_the_rule():
    given = [1, -1, -1, 1, 1, 1]
    assert signs(SignedBinary(signs=given), (6, 4)).flatten().tolist() == given
    by_slab = signs(SignedBinary(signs=given, region_channels=2), (3, 4))
    assert by_slab.tolist() == [[1, -1], [-1, 1], [1, 1]]


def test_the_buffer_decides_and_not_the_order_of_filters():
    weight = torch.randn(6, 4, 3, 3)
    quantizer = SignedBinary().quantizer(weight)
    before = quantizer(weight)
    order = torch.tensor([5, 0, 3, 1, 4, 2])
    quantizer.sign = quantizer.sign[order]
    assert torch.equal(quantizer(weight[order]), before[order])
