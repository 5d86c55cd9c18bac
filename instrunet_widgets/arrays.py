"""Arrays that belong to immutable results: their types, and the check that makes them read-only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


def freeze_array(owner: object, name: str, dtype: npt.DTypeLike, shape: tuple[int | None, ...]) -> Any:
    """Replace an array field of a frozen dataclass by a checked, read-only copy and return it.

    Parameters
    ----------
    owner : object
    name : str
        Of the field.
    dtype : numpy dtype
    shape : tuple of int or None
        None stands for any length.

    Raises
    ------
    ValueError
        If the shape is another or a number is NaN or infinite.
    """
    array = np.array(getattr(owner, name), dtype=dtype)
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        expected = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
        raise ValueError(f"{name} must have the shape {expected}, got {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    array.setflags(write=False)
    object.__setattr__(owner, name, array)
    return array
