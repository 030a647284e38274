/** Run by startup.ts in a fresh process: milliseconds from the begin of the import to each mark, as JSON on stdout. */
const started = performance.now();
const { createEngine, ops } = await import('../engine/index.ts');
const imported = performance.now();
const engine = await createEngine({ build: process.argv[2] === 'relaxed' ? 'relaxed' : 'base' });
const ready = performance.now();
const values = new Float32Array(64 * 64).fill(0.5);
const product = ops.matmul(engine.tensor(values, [64, 64]), engine.tensor(values, [64, 64]));
const first = product.view()[0];
const done = performance.now();
if (first !== 16) throw new Error(`startup: expected 64 products of a half and a half to sum to 16, got ${first}`);
console.log(JSON.stringify({ import: imported - started, engine: ready - started, 'first-product': done - started }));

export type Marks = Readonly<Record<'import' | 'engine' | 'first-product', number>>;
