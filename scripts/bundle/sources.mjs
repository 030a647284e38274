// What the bundles change in the sources on their way in: names of files beside the code, and samples that only tests read.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import ts from 'typescript';

/** An esbuild plugin that passes each TypeScript file through all `changes`: (text, path) => text. */
export function changed(...changes) {
  return {
    name: 'changed-sources',
    setup(esbuild) {
      esbuild.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
        contents: changes.reduce((text, change) => change(text, path), readFileSync(path, 'utf8')),
        loader: 'ts',
      }));
    },
  };
}

// Folders end in a slash, and are left alone.
const LITERAL_URL = /new URL\(\s*'(\.[^']+[^/'])',\s*import\.meta\.url\s*\)/g;

/**
 * Names each file of a literal `new URL('…', import.meta.url)` as it will lie beside the bundle, which esbuild leaves to others.
 * @param place from the file's absolute path to its name as seen from a bundled file
 */
export function literalUrls(place) {
  const files = new Set();
  const change = (text, path) =>
    text.replace(LITERAL_URL, (_, name) => {
      const file = resolve(dirname(path), name);
      if (!existsSync(file)) throw new Error(`${relative(process.cwd(), path)} names ${name}, which is not there`);
      files.add(file);
      return `new URL('${place(file)}', import.meta.url)`;
    });
  return { change, files };
}

/** Literal URLs in bundled code, relative to the file that holds it. */
export const literalUrlsOf = (text) => [...text.matchAll(/new URL\(\s*["'](\.[^"']+[^/"'])["'],/g)].map((m) => m[1]);

const EMPTY = { samples: '[]', about: "''" };
// makers of kernel families that take `about` second
const MAKERS = new Set(['unary', 'unaryGrad', 'binary', 'reduction']);

/** Ops and kernel families without what only tests and generated pages read: `samples` become empty, and so does `about`. */
export function withoutTestData(text, path) {
  if (!/engine[\\/](ops|kernels[\\/]families)[\\/]/.test(path)) return text;
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const changes = [];
  const visit = (node) => {
    const assigned = ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node);
    const empty = assigned && EMPTY[node.name.getText()];
    if (ts.isCallExpression(node) && MAKERS.has(node.expression.getText()) && ts.isStringLiteral(node.arguments[1])) {
      changes.push([node.arguments[1].getStart(), node.arguments[1].getEnd(), EMPTY.about]);
    }
    if (empty) changes.push([node.getStart(), node.getEnd(), `${node.name.getText()}: ${empty}`]);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return changes.reverse().reduce((out, [from, to, put]) => out.slice(0, from) + put + out.slice(to), text);
}
