"""Random whole numbers that are the same on every machine and in every version of every library: SplitMix64, in integers only.

Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014; the constants are those of Sebastiano
Vigna's public-domain reference implementation. Numpy's distributions may change between versions, floats between processors.
"""

import numpy as np
import numpy.typing as npt

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


class RandomIntegers:
    """A stream of random integers; each call takes the next ones.

    Parameters
    ----------
    seed
        Any whole number below 2 ** 64.

    """

    def __init__(self, seed: int) -> None:
        self._state = seed

    def words(self, count: int) -> npt.NDArray[np.uint64]:
        """Return the next `count` numbers of the reference implementation, each of 64 bits."""
        steps = np.arange(1, count + 1, dtype=np.uint64)
        mixed = np.uint64(self._state) + steps * _GAMMA
        self._state = (self._state + count * int(_GAMMA)) % 2**64
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return mixed ^ (mixed >> np.uint64(31))

    def below(self, bound: int, count: int) -> npt.NDArray[np.int64]:
        """Return `count` numbers from 0 to `bound` - 1; `bound` is at most 2 ** 32, so that the bias is below 2 ** -32."""
        high = self.words(count) >> np.uint64(32)
        return ((high * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)

    def around_zero(self, spread: int, count: int) -> npt.NDArray[np.int64]:
        """Return `count` numbers with a bell-shaped, symmetric distribution from -4 x `spread` to 4 x `spread`."""
        draws = [self.below(2 * spread + 1, count) for _ in range(4)]
        total: npt.NDArray[np.int64] = np.sum(draws, axis=0)
        return total - 4 * spread
