/** Reports as tests read them: their words, and their elements. */
import { assert } from '../harness.ts';

/** What a reader sees. */
export const text = (page: string) =>
  page
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\s\u00a0]+/g, ' ');

const VOID = new Set(['meta', 'br', 'link', 'img', 'input', 'hr']);

/** Every element is closed in order, attributes are quoted and unique; returns the elements. */
export function parse(page: string): { name: string; attributes: Map<string, string> }[] {
  const found: { name: string; attributes: Map<string, string> }[] = [];
  const open: string[] = [];
  const body = page.replace(/^<!doctype html>/, '').replace(/(<style>)[\s\S]*?(<\/style>)/g, '$1$2');
  const pattern = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|<|>/g;
  for (const [all, slash, name, attributes, closed] of body.matchAll(pattern)) {
    assert.ok(name !== undefined, `stray ${all} in the markup`);
    if (slash) {
      assert.is(open.pop(), name, `</${name}> closes the wrong element`);
      continue;
    }
    const map = new Map<string, string>();
    for (const [, key, value] of attributes!.matchAll(/([\w:-]+)="([^"]*)"/g)) {
      assert.not(map.has(key!), `attribute ${key} twice in <${name}>`);
      map.set(key!, value!);
    }
    found.push({ name: name!, attributes: map });
    if (!closed && !VOID.has(name!)) open.push(name!);
  }
  assert.equal(open, [], 'unclosed elements');
  return found;
}
