/**
 * CIFAR-10's binary files (A. Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html): records of one label byte and
 * 3,072 pixel bytes, a red, a green and a blue plane of 32 x 32.
 */
import { FormatError } from '../../engine/index.ts';
import { refuseEmptyAndHtml } from './bytes.ts';

const PIXELS = 32 * 32;
export const CIFAR_IMAGE = 3 * PIXELS;
const RECORD = 1 + CIFAR_IMAGE;

/** How many images a file of that many bytes holds (records are of one length). */
export function cifarCount(bytes: Uint8Array, file: string): number {
  refuseEmptyAndHtml(bytes, file, 'a CIFAR-10 binary file');
  if (bytes.length % RECORD === 0) return bytes.length / RECORD;
  throw new FormatError(
    `${file}: expected a whole number of records of ${RECORD} bytes, got ${bytes.length} bytes (${bytes.length % RECORD} left over). ` +
      'The file is cut off, or is not the binary version: fetch it again.',
    file,
    bytes.length - (bytes.length % RECORD),
  );
}

/**
 * Writes a file's images and labels from row `first` on.
 * @param x bytes [rows, 32, 32, 3] (NHWC)
 * @param y labels [rows]
 * @returns the number of images
 * @throws FormatError for a wrong length, and for a label above 9
 */
export function readCifarInto(bytes: Uint8Array, file: string, x: Uint8Array, y: Int32Array, first: number): number {
  const count = cifarCount(bytes, file);
  if (first + count > y.length)
    throw new FormatError(
      `${file}: expected at most ${y.length - first} more images, got ${count}. Is it the right file?`,
      file,
    );
  for (let i = 0; i < count; i++) {
    const from = i * RECORD;
    const label = bytes[from]!;
    if (label > 9)
      throw new FormatError(
        `${file}, image ${i}: expected a label 0 .. 9, got ${label} at byte ${from}. Is it CIFAR-10?`,
        file,
        from,
      );
    y[first + i] = label;
    let to = (first + i) * CIFAR_IMAGE;
    for (let red = from + 1; red < from + 1 + PIXELS; red++) {
      x[to++] = bytes[red]!;
      x[to++] = bytes[red + PIXELS]!;
      x[to++] = bytes[red + 2 * PIXELS]!;
    }
  }
  return count;
}
