/** docs/api.md: every export of the package and of its entries, each once, with its docstring, by the TypeScript compiler. */
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

const config = ts.getParsedCommandLineOfConfigFile(
  `${root}tsconfig.json`,
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} },
)!;
/** What is imported by which name. The first has most of it; the others are listed with what they add. */
const ENTRIES = {
  keyhole: 'experiments/index.ts',
  'keyhole/evasion': 'attacks/evasion/index.ts',
  'keyhole/robustness': 'experiments/robustness/index.ts',
  'keyhole/export': 'experiments/export/index.ts',
  'keyhole/privacy': 'privacy/index.ts',
} as const;
const program = ts.createProgram(
  Object.values(ENTRIES).map((file) => root + file),
  config.options,
);
const checker = program.getTypeChecker();

const resolve = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
const docOf = (symbol: ts.Symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();

function tagsOf(symbol: ts.Symbol): string {
  return symbol
    .getJsDocTags(checker)
    .map((t) => `- *${t.name}* ${ts.displayPartsToString(t.text).trim()}`)
    .join('\n');
}

/** The declaration as written, without bodies, private members and leading comments of its own. */
function signatureOf(symbol: ts.Symbol): string {
  const declaration = symbol.declarations?.[0];
  if (!declaration) return '';
  const printer = ts.createPrinter({ removeComments: true });
  const print = (node: ts.Node) => printer.printNode(ts.EmitHint.Unspecified, node, declaration.getSourceFile());
  if (ts.isFunctionDeclaration(declaration)) {
    const all = symbol.declarations!.filter(ts.isFunctionDeclaration);
    // of overloads the last is what they share inside
    return (all.length > 1 ? all.filter(({ body }) => !body) : all)
      .map(({ typeParameters, parameters, type, name }) =>
        print(
          ts.factory.createFunctionDeclaration(undefined, undefined, name, typeParameters, parameters, type, undefined),
        ),
      )
      .join('\n');
  }
  if (ts.isVariableDeclaration(declaration)) {
    const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
    const text = checker.typeToString(type, declaration, ts.TypeFormatFlags.None);
    return `const ${symbol.name}: ${text.length > 160 ? `${text.slice(0, 157)}…` : text}`;
  }
  if (ts.isClassDeclaration(declaration)) return classOf(declaration, print);
  // as written, with the comments of its members
  return declaration.getText().replace(/^export (declare )?/, '');
}

function classOf(declaration: ts.ClassDeclaration, print: (node: ts.Node) => string): string {
  const lines: string[] = [];
  for (const member of declaration.members) {
    const modifiers = ts.getCombinedModifierFlags(member);
    if (modifiers & ts.ModifierFlags.Private || (member.name && ts.isPrivateIdentifier(member.name))) continue;
    if (ts.isConstructorDeclaration(member) || (member.name && ts.isComputedPropertyName(member.name))) continue;
    const doc = ts.getJSDocCommentsAndTags(member)[0];
    const comment = doc ? ts.getTextOfJSDocComment(doc.comment)?.split('\n')[0] : undefined;
    const body = (member as { body?: ts.Node }).body;
    const text = body ? print(member).slice(0, print(member).indexOf(print(body))) : print(member);
    lines.push(`  ${text.trim().replace(/;$/, '')};${comment ? ` // ${comment}` : ''}`);
  }
  return `class ${declaration.name?.text} {\n${lines.join('\n')}\n}`;
}

function section(symbol: ts.Symbol, prefix = ''): string {
  const target = resolve(symbol);
  const declaration = target.declarations?.[0];
  if (declaration && ts.isSourceFile(declaration)) {
    const members = checker.getExportsOfModule(target).sort(byName);
    return `## ${prefix}${symbol.name}\n\n${members.map((m) => section(m, `${prefix}${symbol.name}.`)).join('\n')}`;
  }
  const doc = docOf(target);
  const tags = tagsOf(target);
  const where = declaration ? relative(root, declaration.getSourceFile().fileName) : '';
  return [
    `### ${prefix}${symbol.name}\n`,
    '```ts',
    signatureOf(target),
    '```\n',
    doc,
    tags,
    where.startsWith('node_modules') ? '' : `\n<sub>${where}</sub>\n`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const byName = (a: ts.Symbol, b: ts.Symbol) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const exportsOf = (file: string) =>
  checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(root + file)!)!);

/** Types come after what is called. */
const isType = (symbol: ts.Symbol) => (resolve(symbol).flags & ts.SymbolFlags.Value) === 0;

const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');

export function apiPage(): string {
  const { keyhole, ...added } = ENTRIES;
  const known = new Set(exportsOf(keyhole).map(resolve));
  const others = Object.entries(added).map(([name, file]) => {
    const own = exportsOf(file)
      .filter((s) => !known.has(resolve(s)))
      .sort((a, b) => Number(isType(a)) - Number(isType(b)) || byName(a, b));
    for (const s of own) known.add(resolve(s));
    return { name, own };
  });
  return `${[
    '# The API, from the docstrings',
    '',
    'Everything that `import … from "keyhole"` gives, and after it what other entries have besides:',
    '',
    ...others.map(
      ({ name, own }) =>
        `- [${name}](#${anchorOf(name)}): ${own
          .filter((s) => !isType(s))
          .map(({ name: exported }) => `\`${exported}\``)
          .join(', ')}; and their types`,
    ),
    '',
    'Written by `npm run docs`; edit the docstrings, not this page.',
    '',
    ...byFolder(exportsOf(keyhole)),
    ...others.flatMap(({ name, own }) => [`## ${name}\n`, ...own.map((s) => section(s))]),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

/** Sections by the folder that declares them, namespaces last. */
function byFolder(exported: readonly ts.Symbol[]): string[] {
  const isModule = (s: ts.Symbol) => resolve(s).declarations?.some(ts.isSourceFile) ?? false;
  const plain = exported.filter((s) => !isModule(s));
  const groups = new Map<string, ts.Symbol[]>();
  for (const s of plain) {
    const file = resolve(s).declarations?.[0]?.getSourceFile().fileName ?? '';
    const folder = dirname(relative(root, file)) || '.';
    groups.set(folder, [...(groups.get(folder) ?? []), s]);
  }
  const parts: string[] = [];
  for (const [folder, symbols] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push(`## ${folder}\n`, ...symbols.sort(byName).map((s) => section(s)));
  }
  for (const s of exported.filter(isModule).sort(byName)) parts.push(section(s));
  return parts;
}
