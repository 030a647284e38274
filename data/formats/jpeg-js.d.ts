/** The decoder of jpeg-js by itself: the package's entry holds an encoder too, which pages need not load. */
declare module 'jpeg-js/lib/decoder.js' {
  import type { decode } from 'jpeg-js';

  const decoder: typeof decode;
  // biome-ignore lint/style/noDefaultExport: what a CommonJS module exports
  export default decoder;
}
