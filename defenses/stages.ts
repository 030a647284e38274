/** One checkpoint store for training in several stages: a file of files, so that a killed run goes on in the stage it was in. */
import { type CheckpointStore, FormatError } from '../engine/index.ts';

/** The last checkpoint of each stage, as lengths (u32, little-endian; 0 for none) followed by the bytes. */
function pack(parts: readonly (Uint8Array | null)[]): Uint8Array {
  const header = 4 * parts.length;
  const out = new Uint8Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), header));
  const lengths = new DataView(out.buffer);
  let at = header;
  for (const [i, part] of parts.entries()) {
    lengths.setUint32(4 * i, part?.length ?? 0, true);
    if (part) out.set(part, at);
    at += part?.length ?? 0;
  }
  return out;
}

function unpack(bytes: Uint8Array, stages: number): (Uint8Array | null)[] {
  const header = 4 * stages;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = header;
  const ends = Array.from({ length: stages }, (_, i) => {
    at += bytes.length < header ? Infinity : view.getUint32(4 * i, true);
    return at;
  });
  if (at !== bytes.length)
    throw new FormatError(`checkpoint: expected ${at} bytes of ${stages} stages, got ${bytes.length}.`, 'checkpoint');
  return ends.map((end, i) => {
    const start = i === 0 ? header : ends[i - 1]!;
    return end === start ? null : bytes.slice(start, end);
  });
}

/** A store for each stage. @throws FormatError, when a stage loads, for bytes that are no such file */
export function staged(store: CheckpointStore, stages: number): CheckpointStore[] {
  let parts: (Uint8Array | null)[] | null = null;
  const read = async () => {
    if (parts) return parts;
    const bytes = await store.load();
    parts = bytes ? unpack(bytes, stages) : Array.from({ length: stages }, () => null);
    return parts;
  };
  return Array.from({ length: stages }, (_, i) => ({
    ...(store.everySeconds !== undefined && { everySeconds: store.everySeconds }),
    load: async () => (await read())[i]!,
    async save(bytes) {
      const all = await read();
      all[i] = bytes;
      await store.save(pack(all));
    },
  }));
}
