// npm run mutate [-- FILE …]: breaks the gradient rules one small step at a time and asks whether the op tests notice.
//
// Each mutant is one change inside a `backward`, `fusedBackward` or `fused` of a file of engine/ops, or inside a helper
// that such rules share: a term dropped, add and sub swapped, a sign turned, an argument left out, a branch made null, a
// constant changed. It is written to a temporary copy and the gradient tests of that file's ops run on it. A mutant that
// passes them all is a missing test, unless it computes the same: those are listed below, with the reason.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const opsFolder = join(root, 'engine/ops');
const RULES = new Set(['backward', 'fusedBackward', 'fused']);

/** Helpers that rules share, and the ops whose tests must notice. */
const HELPERS = {
  'binary.ts': { functions: ['sumTo'], ops: ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'broadcastTo'] },
  'normalise.ts': { functions: ['meanKept', 'normalise', 'normaliseGrad'], ops: ['layerNorm', 'groupNorm'] },
  'rows.ts': { functions: ['sumLast', 'rowGrad'], ops: ['softmax', 'logSoftmax', 'softCrossEntropy'] },
  'unary.ts': { functions: ['fusedGrad'], ops: ['relu', 'tanh', 'sigmoid', 'gelu'] },
};

/** Mutants that compute the same, as `file: before -> after`, with the reason. */
const EQUIVALENT = new Map([
  ['binary.ts: && -> ||', 'sums a gradient that nobody takes: a cost, no other result'],
  ['matmul.ts: product(a, g, !ta, false) -> product(a, g, !ta)', 'not transposed is false as well as undefined'],
  ["relu.ts: 'y' -> 'x'", 'max(x, 0) and x are positive in the same places'],
]);

/** The changes of one file: [start, end) is replaced by text. */
function mutantsOf(file) {
  const source = readFileSync(join(opsFolder, file), 'utf8');
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const text = (node) => source.slice(node.getStart(tree), node.end);
  const found = [];
  const change = (node, after) => {
    const before = text(node);
    if (before !== after) found.push({ file, start: node.getStart(tree), end: node.end, before, after });
  };

  const visit = (node) => {
    if (ts.isCallExpression(node)) {
      const name = text(node.expression);
      const args = node.arguments.map(text);
      const call = (f, list) => `${f}(${list.join(', ')})`;
      if (['add', 'sub', 'mul', 'div'].includes(name)) {
        change(node, args[0]);
        change(node, args[1]);
        const other = { add: 'sub', sub: 'add', mul: 'div', div: 'mul' }[name];
        change(node, call(`mutant_${other}`, args));
      }
      if (args.length >= 2) {
        if (['sub', 'div', 'product', 'conv2dWith', 'step'].includes(name))
          change(node, call(name, [args[1], args[0], ...args.slice(2)]));
        // the last argument of alloc only names the op in error messages
        if (!name.endsWith('.alloc')) change(node, call(name, args.slice(0, -1)));
      }
      if (
        ['neg', 'step', 'sign', 'exp', 'erf', 'sqrt', 'softmax', 'logSoftmax', 'sumLast', 'sumTo', 'meanKept'].includes(
          name,
        )
      )
        change(node, args[0]);
    }
    if (ts.isPropertyAssignment(node) && !ts.isFunctionLike(node.initializer) && ts.isIdentifier(node.name)) {
      const value = node.initializer;
      const inner = ts.isConditionalExpression(value) ? value.whenTrue : value;
      if (ts.isCallExpression(inner) || ts.isIdentifier(inner) || ts.isConditionalExpression(inner)) {
        change(value, 'null');
        change(inner, `mutant_neg(${text(inner)})`);
      }
    }
    if (ts.isBinaryExpression(node)) {
      const swaps = { '+': '-', '-': '+', '*': '/', '/': '*', '&&': '||', '===': '!==', '!==': '===', '<': '<=' };
      const operator = node.operatorToken.getText(tree);
      if (swaps[operator]) change(node.operatorToken, swaps[operator]);
    }
    if (ts.isNumericLiteral(node)) change(node, String(Number(node.text) + 1));
    if (ts.isPrefixUnaryExpression(node)) change(node, text(node.operand));
    if (node.kind === ts.SyntaxKind.TrueKeyword) change(node, 'false');
    if (node.kind === ts.SyntaxKind.FalseKeyword) change(node, 'true');
    if (ts.isIdentifier(node) && /^[A-Z][A-Z0-9_]+$/.test(node.text)) change(node, `(1.01 * ${node.text})`);
    if (ts.isStringLiteral(node) && ['x', 'y'].includes(node.text)) change(node, node.text === 'x' ? "'y'" : "'x'");
    if (ts.isExpressionStatement(node)) change(node, '');
    if (ts.isConditionalExpression(node) && text(node.whenFalse) !== 'null') {
      change(node, text(node.whenTrue));
      change(node, text(node.whenFalse));
    }
    ts.forEachChild(node, visit);
  };

  const helpers = new Set(HELPERS[file]?.functions ?? []);
  const look = (node) => {
    const name = node.name && ts.isIdentifier(node.name) ? node.name.text : '';
    const isRule = (ts.isPropertyAssignment(node) || ts.isMethodDeclaration(node)) && RULES.has(name);
    // the wrappers of unary.ts and binary.ts pass the rules on; their own parts are looked at as helpers
    if (isRule && file !== 'unary.ts') visit(node.initializer ?? node.body);
    else if (ts.isFunctionDeclaration(node) && helpers.has(name)) visit(node.body);
    else ts.forEachChild(node, look);
  };
  look(tree);
  const names = [...source.matchAll(/name: '(\w+)'|define\('f\d\d', '(\w+)'\)/g)].map((m) => m[1] ?? m[2]);
  const unique = new Map(
    found.map((m) => [`${m.start} ${m.end} ${m.after}`, { ...m, source, ops: HELPERS[file]?.ops ?? names }]),
  );
  return [...unique.values()];
}

function mutated({ source, start, end, after }) {
  const imports = [
    ['neg', './affine.ts'],
    ['add', './add.ts'],
    ['sub', './sub.ts'],
    ['mul', './mul.ts'],
    ['div', './div.ts'],
  ];
  const head = imports
    .filter(([name]) => after.includes(`mutant_${name}(`))
    .map(([name, from]) => `import { ${name} as mutant_${name} } from '${from}';\n`);
  return head.join('') + source.slice(0, start) + after + source.slice(end);
}

// an endless loop is as good as a failure; far more than a busy machine needs
const TIMEOUT_MS = 300_000;

/** A copy of what the tests need, to be broken. */
function sandbox() {
  const folder = mkdtempSync(join(tmpdir(), 'keyhole-mutate-'));
  const topLevel = readdirSync(join(root, 'tests')).filter((f) => f.includes('.'));
  const parts = ['engine', 'data', 'package.json', 'tsconfig.json', 'tests/ops', 'tests/support', 'assembly/build'];
  for (const part of [...parts, ...topLevel.map((f) => `tests/${f}`)])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function passes(folder, ops) {
  const args = ['--conditions=keyhole-source', '--import', 'tsx', 'tests/run.ts', 'ops/'];
  // a helper that names no op of its own is judged by all of them
  const env = ops.length > 0 ? { ...process.env, KEYHOLE_OPS: ops.join(',') } : process.env;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: 'ignore', timeout: TIMEOUT_MS });
    child.on('close', (code) => resolve(code === 0));
  });
}

const chosen = process.argv.slice(2);
const files = readdirSync(opsFolder).filter((f) => chosen.length === 0 || chosen.some((c) => f.includes(c)));
const queue = files.flatMap(mutantsOf);
const total = queue.length;
const survivors = [];
/** ops whose tests have been seen to pass */
const sound = new Set();
let done = 0;

async function worker() {
  const folder = sandbox();
  try {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      // tests that fail anyway would kill every mutant
      const key = mutant.ops.join(',');
      if (!sound.has(key) && !(await passes(folder, mutant.ops)))
        throw new Error(`expected the tests of ${key} to pass on unchanged code, they fail`);
      sound.add(key);
      const target = join(folder, 'engine/ops', mutant.file);
      writeFileSync(target, mutated(mutant));
      if (await passes(folder, mutant.ops)) survivors.push(mutant);
      writeFileSync(target, mutant.source);
      done++;
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total}, ${survivors.length} survived `);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const started = performance.now();
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, worker));
const oneLine = (text) => text.replace(/\s+/g, ' ');
const label = ({ file, before, after }) => `${file}: ${oneLine(before)} -> ${oneLine(after) || '(nothing)'}`;
let missing = 0;
for (const mutant of survivors.sort((a, b) => a.file.localeCompare(b.file) || a.start - b.start)) {
  const reason = EQUIVALENT.get(label(mutant));
  if (!reason) missing++;
  const line = mutant.source.slice(0, mutant.start).split('\n').length;
  console.log(`${reason ? `equivalent (${reason})` : 'SURVIVED'}  line ${line}  ${label(mutant)}`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(
  `${total} mutants: ${total - survivors.length} killed, ${survivors.length - missing} equivalent, ${missing} survived (${seconds} s)`,
);
if (missing > 0) process.exitCode = 1;
