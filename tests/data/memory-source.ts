/** Files in memory as a FileSource. */
import type { Bytes, FileSource } from '../../data/index.ts';

export function memorySource(files: Readonly<Record<string, Uint8Array>>, place = 'memory'): FileSource {
  return {
    read: async (name) => (Object.hasOwn(files, name) ? (files[name] as Bytes) : null),
    list: async () => Object.keys(files),
    describe: (name) => (name === '' ? place : `${place}/${name}`),
  };
}
