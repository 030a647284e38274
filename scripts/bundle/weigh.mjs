// What a page loads: an entry of dist/browser/ with the chunks that it imports.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

// minified, as esbuild writes them: import{…}from"./chunk-….js", export…from"…", import"…"
const IMPORT = /(?:from|import)\s*["'](\.\/[^"']+\.js)["']/g;

/** The files that come with an entry, itself first. */
export function loadedBy(entry, found = [entry]) {
  for (const [, name] of readFileSync(entry, 'utf8').matchAll(IMPORT)) {
    const file = join(dirname(entry), name);
    if (found.includes(file)) continue;
    found.push(file);
    loadedBy(file, found);
  }
  return found;
}

/** Bytes of files, each gzipped by itself, as a server sends them. */
export function weigh(files) {
  const sum = { bytes: 0, gzip: 0 };
  for (const file of files) {
    const bytes = readFileSync(file);
    sum.bytes += bytes.length;
    sum.gzip += gzipSync(bytes, { level: 9 }).length;
  }
  return sum;
}
