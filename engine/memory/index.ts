export { Memory, type MemoryStats, Scope } from './memory.ts';
export { type DType, Storage } from './storage.ts';
