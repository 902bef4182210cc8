/** The polynomial of CRC-32, bit-reversed as usual. */
const POLYNOMIAL = 0xedb88320;

/**
 * The CRC-32 of two concatenated contents, from the CRC-32 of each and the length of the second, so that content in
 * parts is read once for the checksums of the parts and of the whole. The algorithm is that of zlib's crc32_combine,
 * which Node.js does not expose.
 */
export function crc32Combine(first: number, second: number, secondBytes: number): number {
  return (multiply(powerOfX(secondBytes * 8), first) ^ second) >>> 0;
}

/** Multiplies two polynomials over GF(2), modulo that of CRC-32; x^0 is the highest bit. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0x8000_0000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) {
      product ^= b;
    }
    b = (b & 1) !== 0 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}

/** x^n, by squaring. */
function powerOfX(n: number): number {
  let power = 0x8000_0000;
  for (let square = 0x4000_0000; n > 0; n = Math.floor(n / 2), square = multiply(square, square)) {
    if (n % 2 === 1) {
      power = multiply(square, power);
    }
  }
  return power;
}
