"""Exponentials of stacks of small matrices: what a linear system does in one step.

A linear system dx/dt = A x + b with constant coefficients is advanced exactly by the exponential of the augmented
matrix [[A, b], [0, 0]] dt, whose first rows are (Phi, q). It needs neither an inverse of A nor a special case for equal
time constants. Shapes: m states, any leading shape (N neurons or none).

References
----------
Higham 2005, The scaling and squaring method for the matrix exponential revisited, doi 10.1137/04061101X.
Van Loan 1978, Computing integrals involving the matrix exponential, doi 10.1109/TAC.1978.1101743.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

PADE_ORDER = 8
LARGEST_NORM = 0.5
"""The [8/8] approximant has a relative error below 1e-20 for matrices of this norm (Higham 2005, equation 2.3)."""


def exponential(matrices: FloatArray) -> FloatArray:
    """Exponential of every matrix of a stack, by the [8/8] Pade approximant with scaling and squaring.

    Each matrix is scaled by its own power of two, so its result does not depend on its neighbours in the stack.

    Parameters
    ----------
    matrices : (..., m, m)
        Already multiplied by the step.

    Returns
    -------
    (..., m, m) ndarray
        Relative error of the entries about 1e-15 times their number of squarings.

    Examples
    --------
    >>> exponential(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """
    matrices = np.asarray(matrices, np.float64)
    squarings = _squarings(matrices)
    scaled = matrices * (0.5**squarings)[..., None, None]
    result = _pade(scaled)
    for k in range(int(squarings.max(initial=0))):
        result = np.where((squarings > k)[..., None, None], result @ result, result)
    return result


def propagator(a: FloatArray, b: FloatArray, dt: float) -> tuple[FloatArray, FloatArray]:
    """Exact step of dx/dt = A x + B u with u constant during the step: new x = Phi x + Gain u.

    Parameters
    ----------
    a : (..., m, m)
        Coefficients of the states [1/ms].
    b : (..., m, k)
        Coefficients of k constant inputs; a column of constants is the input 1.
    dt : float
        The step [ms].

    Returns
    -------
    phi, gain : (..., m, m), (..., m, k) ndarray
    """
    m, k = a.shape[-1], b.shape[-1]
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    augmented = np.zeros((*lead, m + k, m + k))
    augmented[..., :m, :m] = a
    augmented[..., :m, m:] = b
    step = exponential(augmented * dt)
    return step[..., :m, :m], step[..., :m, m:]


def noise_covariance(a: FloatArray, s: FloatArray, dt: float) -> FloatArray:
    """Covariance after one step of dx = A x dt + S dW from a known x (Van Loan 1978, theorem 1).

    The integral is taken over a part of the step that is short against all time constants and doubled from there,
    because the block matrix holds exp(-A dt), which overflows for stiff systems.

    Parameters
    ----------
    a : (..., m, m)
        Coefficients of the states [1/ms].
    s : (..., m, k)
        Coefficients of k independent unit white noises [unit of the state / sqrt(ms)].
    dt : float
        The step [ms].

    Returns
    -------
    (..., m, m) ndarray
    """
    m = a.shape[-1]
    a = np.broadcast_to(a, (*np.broadcast_shapes(a.shape[:-2], s.shape[:-2]), m, m))
    doublings = _squarings(a * dt)
    short = dt * (0.5**doublings)[..., None, None]
    block = np.zeros((*a.shape[:-2], 2 * m, 2 * m))
    block[..., :m, :m] = -a * short
    block[..., m:, m:] = np.swapaxes(a, -1, -2) * short
    # The size of the noise is taken out, so that it does not count as a fast time constant.
    diffusion = s @ np.swapaxes(s, -1, -2)
    size = np.abs(diffusion).max(axis=(-1, -2), keepdims=True)
    size = np.where(size > 0.0, size, 1.0)
    block[..., :m, m:] = diffusion / size * (short / dt)
    both = exponential(block)
    phi = np.swapaxes(both[..., m:, m:], -1, -2)
    covariance = phi @ both[..., :m, m:] * size * dt
    for k in range(int(doublings.max(initial=0))):
        go_on = (doublings > k)[..., None, None]
        covariance = np.where(go_on, covariance + phi @ covariance @ np.swapaxes(phi, -1, -2), covariance)
        phi = np.where(go_on, phi @ phi, phi)
    symmetric: FloatArray = (covariance + np.swapaxes(covariance, -1, -2)) / 2.0
    return symmetric


def cholesky(covariance: FloatArray) -> FloatArray:
    """Lower triangular L with L L^T = covariance; also where the covariance is singular.

    Parameters
    ----------
    covariance : (..., m, m)
        Symmetric, without negative eigenvalues up to rounding.

    Returns
    -------
    (..., m, m) ndarray
        A column whose pivot is lost in rounding is zero.
    """
    m = covariance.shape[-1]
    lower = np.zeros_like(covariance)
    for j in range(m):
        done = lower[..., :j]
        pivot = covariance[..., j, j] - (done[..., j, :] ** 2).sum(-1)
        kept = pivot > 8 * m * np.finfo(np.float64).eps * covariance[..., j, j]
        root = np.sqrt(np.where(kept, pivot, 1.0))
        rest = covariance[..., j:, j] - (done[..., j:, :] * done[..., j : j + 1, :]).sum(-1)
        lower[..., j:, j] = np.where(kept[..., None], rest / root[..., None], 0.0)
    return lower


def _squarings(matrices: FloatArray) -> npt.NDArray[np.int64]:
    norm = np.abs(matrices).sum(-1).max(-1, initial=0.0)
    needed = np.ceil(np.log2(np.maximum(norm, 1e-300) / LARGEST_NORM))
    return np.asarray(np.maximum(needed, 0.0), np.int64)


def _pade(x: FloatArray) -> FloatArray:
    """The [8/8] approximant: numerator and denominator are the even and odd powers, added and subtracted."""
    power = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    even, odd = np.zeros_like(x) + power, np.zeros_like(x)
    coefficient = 1.0
    for j in range(1, PADE_ORDER + 1):
        coefficient *= (PADE_ORDER - j + 1) / (j * (2 * PADE_ORDER - j + 1))
        power = power @ x
        if j % 2:
            odd += coefficient * power
        else:
            even += coefficient * power
    return np.asarray(np.linalg.solve(even - odd, even + odd), np.float64)
