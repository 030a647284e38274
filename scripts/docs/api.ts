/** docs/api.md: every export of the package with its docstring, by the TypeScript compiler. */
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

const config = ts.getParsedCommandLineOfConfigFile(
  `${root}tsconfig.json`,
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} },
)!;
const program = ts.createProgram([`${root}experiments/index.ts`], config.options);
const checker = program.getTypeChecker();
const entry = program.getSourceFile(`${root}experiments/index.ts`)!;

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
    const { typeParameters, parameters, type, name } = declaration;
    return print(
      ts.factory.createFunctionDeclaration(undefined, undefined, name, typeParameters, parameters, type, undefined),
    );
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

export function apiPage(): string {
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(entry)!);
  const isModule = (s: ts.Symbol) => resolve(s).declarations?.some(ts.isSourceFile) ?? false;
  const plain = exported.filter((s) => !isModule(s));
  const groups = new Map<string, ts.Symbol[]>();
  for (const s of plain) {
    const file = resolve(s).declarations?.[0]?.getSourceFile().fileName ?? '';
    const folder = dirname(relative(root, file)) || '.';
    groups.set(folder, [...(groups.get(folder) ?? []), s]);
  }
  const parts = [
    '# The API, from the docstrings',
    '',
    'Everything that `import … from "keyhole"` gives. Written by `npm run docs`; edit the docstrings, not this page.',
    '',
  ];
  for (const [folder, symbols] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push(`## ${folder}\n`, ...symbols.sort(byName).map((s) => section(s)));
  }
  for (const s of exported.filter(isModule).sort(byName)) parts.push(section(s));
  return `${parts.join('\n').trimEnd()}\n`;
}
