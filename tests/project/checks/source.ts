/** Source files as the project checks see them: their text, and what they import. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface Source {
  /** from the project's root, with forward slashes */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  /** the file meant, from the project's root; null for packages and built-ins */
  readonly target: string | null;
  /** erased when compiled */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Violation {
  readonly where: string;
  readonly says: string;
}

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', 'keyhole-report', '.git']);

/** All files below the root that belong to the project, as paths. Test fixtures break rules on purpose. */
export function projectFiles(root = ROOT): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(root.length).replaceAll('\\', '/'), entry.name))
    .filter((path) => !path.split('/').some((part) => NOT_OURS.has(part)))
    .filter((path) => !path.startsWith('assembly/build/') && !path.includes('/fixtures/') && !path.endsWith('.tgz'))
    .sort();
}

export function read(path: string, root = ROOT): Source {
  return { path, text: readFileSync(posix.join(root, path), 'utf8') };
}

const trees = new WeakMap<Source, ts.SourceFile>();

export function treeOf(source: Source): ts.SourceFile {
  let tree = trees.get(source);
  if (!tree) {
    tree = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ES2022, true);
    trees.set(source, tree);
  }
  return tree;
}

export function* nodesOf(source: Source): Generator<ts.Node> {
  const stack: ts.Node[] = [treeOf(source)];
  for (let node = stack.pop(); node; node = stack.pop()) {
    yield node;
    ts.forEachChild(node, (child) => void stack.push(child));
  }
}

export function lineOf(source: Source, node: ts.Node): number {
  return treeOf(source).getLineAndCharacterOfPosition(node.getStart(treeOf(source))).line + 1;
}

/** Static and dynamic imports, re-exports, and types named through `import('…')`. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, name: ts.Node | undefined, typeOnly: boolean) => {
    if (!name || !ts.isStringLiteralLike(name)) return;
    const specifier = name.text;
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(source.path), specifier) : null;
    found.push({ specifier, target, typeOnly, line: lineOf(source, node) });
  };
  for (const node of nodesOf(source)) {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      add(node, node.moduleSpecifier, clause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
  }
  return found.sort((a, b) => a.line - b.line);
}
