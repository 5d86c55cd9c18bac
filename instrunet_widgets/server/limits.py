"""What the options say about how much visitors may take, for those who enforce it."""

from __future__ import annotations

from ..app.limits import PageLimits
from .options import ServingOptions
from .ownership import Places

# A page may keep several recordings, as many bytes as so many of the largest.
N_LARGEST_KEPT = 4
# What a kernel may write to: 360 MB were measured after an analysis with charts and a report; stacks of threads that
# are never touched count too. Above it the kernel gets no more, and says so or ends.
KERNEL_MEMORY_BYTES = 3_000_000_000


N_SPARES = 5  # started ahead where people sign in: so many see the app at once; 105 MB each


def count_spares(options: ServingOptions) -> int:
    """Give how many kernels are started ahead: one where a server is for one person."""
    is_for_many = options.sign_in in ("accounts", "password") or options.is_open_network
    return min(N_SPARES if is_for_many else 1, options.n_kernels)


def make_places(options: ServingOptions) -> Places:
    """Give the places for kernels; where nobody signs in, one visitor may have them all."""
    n_per_user = options.kernels_per_user if options.needs_sign_in else options.n_kernels
    return Places(n_places=options.n_kernels, n_per_user=n_per_user)


def make_page_limits(options: ServingOptions) -> PageLimits:
    """Give the limits of each page; on one's own machine, without sign-in, only that of memory."""
    if options.is_loopback and not options.needs_sign_in:
        return PageLimits()
    n_bytes = options.upload_megabytes * 1e6
    return PageLimits(
        upload_bytes=n_bytes,
        stored_bytes=N_LARGEST_KEPT * n_bytes,
        analysis_seconds=options.analysis_minutes * 60,
        memory_bytes=KERNEL_MEMORY_BYTES,
    )
