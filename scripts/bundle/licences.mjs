// LICENCES.txt beside a bundle.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Licences of the packages whose code is inside a bundle: most of them ask for nothing else.
 * @param who begins the first sentence
 * @param inputs files that went into the bundle, relative to root
 */
export function licences(who, inputs, root) {
  const folders = new Set();
  for (const input of inputs) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) folders.add(found[1]);
  }
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((f) => /^licen[cs]e/i.test(f));
    const text = file ? `\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n` : '';
    return `${name} ${version} (${license})\n${text}`;
  });
  return `${who} code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
