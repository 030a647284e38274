// Scratch memory for packed panels. The engine allocates it and tells each instance where it is.
export let WORKSPACE: usize = 0;
export const WORKSPACE_BYTES: usize = 4 << 20;

export function setWorkspace(ptr: usize): usize {
  WORKSPACE = ptr;
  return WORKSPACE_BYTES;
}
