/**
 * The threaded twin of a build: the same module, but for the limits of the memory that it imports, which say `shared`. In
 * the binary that is one bit (WebAssembly core specification, sections 5.3.9 and 5.5.5).
 */
const IMPORT_SECTION = 2;
const MEMORY = 2;
const HAS_MAXIMUM = 1;
const SHARED = 2;

/** A copy of the module's bytes that imports a shared memory; null when it imports none, or one without a maximum. */
export function withSharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  const at = memoryLimits(bytes);
  if (at === null || (bytes[at]! & HAS_MAXIMUM) === 0) return null;
  const twin = bytes.slice();
  twin[at]! |= SHARED;
  return twin;
}

/** Where the limits of the imported memory begin. Nothing but functions without types beyond their number comes before. */
function memoryLimits(bytes: Uint8Array): number | null {
  let at = 8; // after the magic number and the version
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  const skip = () => {
    const length = number();
    at += length;
  };
  while (at < bytes.length && bytes[at] !== IMPORT_SECTION) {
    at++;
    skip();
  }
  at++;
  number(); // of bytes
  for (let left = number(); left > 0 && at < bytes.length; left--) {
    skip(); // the module's name
    skip(); // the import's
    const kind = bytes[at++];
    if (kind === MEMORY) return at;
    if (kind !== 0) return null;
    number(); // the type of a function
  }
  return null;
}
