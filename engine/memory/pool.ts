/**
 * The allocator over one WebAssembly memory: free lists by size class above a moving top.
 *
 * A training step asks for the same sizes again and again, so a freed block is almost always reused as it is: an
 * allocation is a list pop. Only when the memory cannot grow any more are free neighbours merged and cut anew.
 */
import type { KernelModule } from '../kernels/load.ts';
import { PAGE_BYTES } from '../kernels/load.ts';

const ALIGN = 64;
const GROW_BYTES = 1 << 20;

/** Bytes of the class that holds `bytes`: multiples of 64 up to 512, then eight classes per doubling (at most 12.5 % unused). */
export function classBytes(bytes: number): number {
  if (bytes <= 8 * ALIGN) return Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);
  const step = 2 ** (31 - Math.clz32(bytes - 1) - 3);
  return Math.ceil(bytes / step) * step;
}

export class Pool {
  /** bytes handed out and not given back, by size class */
  liveBytes = 0;
  readonly #memory: WebAssembly.Memory;
  readonly #limit: number;
  readonly #free = new Map<number, number[]>();
  #loose: { ptr: number; bytes: number }[] = [];
  readonly #bottom: number;
  #top: number;

  constructor(module: KernelModule, limit: number) {
    this.#memory = module.memory;
    this.#limit = limit;
    this.#bottom = Math.ceil(module.heapBase / ALIGN) * ALIGN;
    this.#top = this.#bottom;
  }

  get wasmBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Bytes below the top: live, or free and kept for reuse. */
  get reservedBytes(): number {
    return this.#top - this.#bottom;
  }

  /** A 64-byte aligned address of at least `bytes` bytes, or -1 when the limit is reached. */
  alloc(bytes: number): number {
    const size = classBytes(bytes);
    const ptr = this.#free.get(size)?.pop() ?? this.#fromLoose(size) ?? this.#fromTop(size) ?? this.#fromMerged(size);
    if (ptr === undefined) return -1;
    this.liveBytes += size;
    return ptr;
  }

  free(ptr: number, bytes: number): void {
    const size = classBytes(bytes);
    this.liveBytes -= size;
    const list = this.#free.get(size);
    if (list) list.push(ptr);
    else this.#free.set(size, [ptr]);
  }

  #fromLoose(size: number): number | undefined {
    const i = this.#loose.findIndex((block) => block.bytes >= size);
    if (i < 0) return undefined;
    const block = this.#loose[i]!;
    if (block.bytes === size) this.#loose.splice(i, 1);
    else this.#loose[i] = { ptr: block.ptr + size, bytes: block.bytes - size };
    return block.ptr;
  }

  #fromTop(size: number): number | undefined {
    const end = this.#top + size;
    const have = this.#memory.buffer.byteLength;
    if (end > have) {
      const want = Math.min(this.#limit, Math.max(end, have + GROW_BYTES));
      if (end > want) return undefined;
      try {
        this.#memory.grow(Math.ceil((want - have) / PAGE_BYTES));
      } catch {
        return undefined;
      }
    }
    const ptr = this.#top;
    this.#top = end;
    return ptr;
  }

  #fromMerged(size: number): number | undefined {
    const blocks = this.#loose;
    for (const [bytes, list] of this.#free) for (const ptr of list) blocks.push({ ptr, bytes });
    this.#free.clear();
    blocks.sort((a, b) => a.ptr - b.ptr);
    this.#loose = [];
    for (const block of blocks) {
      const last = this.#loose.at(-1);
      if (last && last.ptr + last.bytes === block.ptr) last.bytes += block.bytes;
      else this.#loose.push({ ...block });
    }
    // a free block below the top belongs to the space above it
    const last = this.#loose.at(-1);
    if (last && last.ptr + last.bytes === this.#top) {
      this.#loose.pop();
      this.#top = last.ptr;
    }
    return this.#fromLoose(size) ?? this.#fromTop(size);
  }
}
