import { Classifier, createEngine, examples, loadSet, namedModel } from 'keyhole';
import { fitPrivate } from 'keyhole/privacy';

const engine = await createEngine();
const digits = await loadSet('digits');
const model = namedModel('softmax', digits.inputShape, digits.classes);
const classifier = Classifier.create(engine, model);
const { epsilon, statement } = await fitPrivate(engine, model, classifier.params, examples(digits), {
  epsilon: 3,
  delta: 1e-5,
  epochs: 5,
  batchSize: 256,
  clip: { kind: 'flat', norm: 1 },
});
console.log(epsilon.upper, statement.text);
