"""Join CRC-32 checksums: that of two texts together from theirs alone, without reading them again.

A CRC is a remainder of polynomials over GF(2) modulo P; behind n further bytes it is multiplied by x^(8n). The powers
x^(2^k) are worked out once, so joining costs some thirty multiplications, whatever the lengths (zlib's own way).
"""

_P = 0xEDB88320  # the polynomial of CRC-32; the highest bit stands for x^0
_ONE, _X = 1 << 31, 1 << 30


def join_crc32(first: int, second: int, second_length: int) -> int:
    """Return crc32(a + b) from crc32(a), crc32(b) and len(b)."""
    return _multiply(_power_of_x(8 * second_length), first) ^ second


def _multiply(a: int, b: int) -> int:
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ (_P if b & 1 else 0)
    return product


def _squares() -> tuple[int, ...]:
    """List x^(2^k) for every k that the bits of a length can ask for."""
    powers = [_X]
    for _ in range(66):  # lengths of up to 2^64 bytes, in bits
        powers.append(_multiply(powers[-1], powers[-1]))
    return tuple(powers)


_POWERS = _squares()


def _power_of_x(exponent: int) -> int:
    power = _ONE
    for square in _POWERS[: exponent.bit_length()]:
        if exponent & 1:
            power = _multiply(square, power)
        exponent >>= 1
    return power
